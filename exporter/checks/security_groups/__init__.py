"""Issue 4: security groups that are not enforced, on KVM hosts and by CloudStack's own settings."""
