"""What CloudStack's database is asked, and how its rows are read."""
