"""Everything that makes pictures and learns from votes; it never imports discord.

Read in this order: `contract` (what both sides agree on), `prompt` (text to specs), `store` (jobs, pictures,
events, queue), `worker` (lease, paint, finish), `painter` and `models` (how a picture comes about).
"""
