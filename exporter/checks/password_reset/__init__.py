"""Issue 9: the password service of virtual routers."""
