"""What leaves the service, one file for each format."""
