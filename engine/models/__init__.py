"""The registered models: what each supports, where its files are, and how it is loaded.

`registry` does not import torch, so that the bot can read names, abilities and sizes.
"""
