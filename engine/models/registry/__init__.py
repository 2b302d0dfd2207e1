"""Which models there are, and what each can do: the models file, read, checked and edited. Torch-free."""
