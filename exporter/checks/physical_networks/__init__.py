"""Issue 6: traffic labels, physical networks and what leads to them."""
