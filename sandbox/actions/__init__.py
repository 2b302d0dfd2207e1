"""What members do in the local Discord: the interactions they start, what they upload, what a message form may hold."""
