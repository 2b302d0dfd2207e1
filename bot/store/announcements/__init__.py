"""What the operator announces to guilds, and where it was posted."""
