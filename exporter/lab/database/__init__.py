"""CloudStack's database of the lab: a real server, the rows of a healthy cloud, and what faults do to them."""
