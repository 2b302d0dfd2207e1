"""Processes: which `easel run` starts, how they are watched, what they hear, and how they end."""
