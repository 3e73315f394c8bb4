"""Issue 5: hypervisors, system VMs, secondary storage and management servers that do not reach each other."""
