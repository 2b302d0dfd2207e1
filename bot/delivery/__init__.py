"""Keeping messages up to date with their jobs: changes are noticed, read and sent, and nothing is lost by a restart."""
