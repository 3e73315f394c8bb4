"""Issue 10: user data and metadata served by virtual routers."""
