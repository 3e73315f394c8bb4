"""Issue 3: Open vSwitch, its daemons, ports, bonds and flows."""
