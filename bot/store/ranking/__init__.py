"""Comparing pairs of pictures: which ones there are, whom they may be shown to, and how members answered."""
