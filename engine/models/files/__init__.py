"""The files of models and adapters: where they are, which ones are used, their layouts and their hashes."""
