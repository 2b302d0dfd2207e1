"""Prompts that are suggested: for a picture, and shorter ones for a prompt."""
