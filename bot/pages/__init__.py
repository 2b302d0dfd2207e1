"""Pages that the bot serves to its operator on loopback, beside its health pages."""
