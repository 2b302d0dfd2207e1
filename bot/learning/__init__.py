"""Asking administrators whether a trained adapter becomes the style of the community."""
