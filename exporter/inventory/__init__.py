"""How the Cloud is read from the API."""
