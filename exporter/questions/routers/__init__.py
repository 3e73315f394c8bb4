"""What virtual routers are asked, and how their answers are read."""
