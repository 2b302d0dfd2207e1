"""Processes: which ones `easel run` starts, how they are supervised, and how they stop."""
