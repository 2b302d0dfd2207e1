"""The gallery of a guild: how many members like a picture, and where the best ones are posted."""
