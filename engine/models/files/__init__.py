"""The files of models and adapters: where they are, which are read, what layout they have, and their hashes."""
