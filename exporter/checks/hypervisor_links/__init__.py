"""Issue 2: NICs, bonds, cables and VLAN devices of hypervisors."""
