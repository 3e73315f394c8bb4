"""What console proxies and secondary storage VMs are asked, from inside and outside."""
