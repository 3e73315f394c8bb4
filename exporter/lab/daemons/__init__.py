"""What listens in the lab beside the API and the database: SSH, name servers, web servers, consoles, ports."""
