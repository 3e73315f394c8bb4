"""CloudStack's API of the lab: the server, its commands, and the rows that they list."""
