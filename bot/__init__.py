"""Everything that knows Discord; it never imports torch.

Read in this order: `serve` (what is put together), `client` (the gateway), `commands` and `buttons` (what members
do), `store` (what is kept), `delivery` (how jobs reach their messages), `cards` and `replies` (what members read).
"""
