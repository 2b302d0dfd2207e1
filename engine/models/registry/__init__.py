"""The models file: reads, checks and edits it. Does not import torch."""
