"""What management servers are asked, and how their log is read."""
