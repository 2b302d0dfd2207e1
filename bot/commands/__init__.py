"""What members type, one file for each family of commands."""
