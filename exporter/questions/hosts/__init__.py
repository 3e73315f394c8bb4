"""What KVM hosts are asked, and how their answers are read."""
