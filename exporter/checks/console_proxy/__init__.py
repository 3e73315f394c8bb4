"""Issue 7: console proxies that browsers or the management server cannot reach."""
