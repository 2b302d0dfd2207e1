"""Actions on the local Discord: interactions and their responses, uploads, new and edited messages."""
