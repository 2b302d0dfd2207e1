"""Brings cases before the moderators of a guild, in the channel that they have set."""
