"""Issue 8: templates that are not ready, cannot be imported, or do not come up on the network."""
