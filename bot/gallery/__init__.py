"""Fills the gallery channels of guilds, and takes out of them what its owner deletes."""
