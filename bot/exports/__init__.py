"""Exports that members ask for in Discord: made in processes of their own, kept as files for a day, and handed over."""
