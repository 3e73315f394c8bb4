"""Issue 1: VLANs that the switches or the hosts do not carry as CloudStack expects."""
