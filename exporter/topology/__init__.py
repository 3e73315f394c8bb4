"""Pure views that several issues share: what a host is to CloudStack, and what its labels lead to."""
