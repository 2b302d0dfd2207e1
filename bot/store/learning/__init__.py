"""Adapters that were trained on members' votes: whose votes each used, and what became of it."""
