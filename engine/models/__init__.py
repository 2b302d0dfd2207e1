"""Which models there are, what each can do, and how its weights come off the disk.

`registry` and `families` are standard library only, so that the bot can read names and abilities.
"""
