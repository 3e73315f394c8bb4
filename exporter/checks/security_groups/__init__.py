"""Issue 4: security groups that hypervisors do not enforce."""
