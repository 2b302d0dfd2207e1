"""Everything that knows Discord; it never imports torch.

Read in this order: `serve` (puts the bot together), `client` (the gateway), `commands` and `buttons` (what members
use), `store` (tables), `delivery` (keeps messages up to date), `cards` and `replies` (what members read).
"""
