"""Validates what bots send by Discord's rules. Errors are 50035 with Discord's error tree."""
