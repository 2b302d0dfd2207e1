"""What those who manage a guild set for it, and who changed what."""
