"""Which models there are, what each can do, and how its weights come off the disk.

`registry`, `families` and `trained_sizes` are torch-free, so that the bot can read names, abilities and sizes.
"""
