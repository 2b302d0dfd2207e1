"""Paints pictures and stores jobs, pictures and votes; it never imports discord.

Read in this order: `contract` (types shared with the bot), `prompt` (text to specs), `store` (jobs, pictures,
queue), `worker` (lease, paint, finish), `painter` and `models` (how a picture is painted), `feedback` (who was shown
what, and did what with it).
"""
