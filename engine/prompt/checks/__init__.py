"""What a model and the service can do, held against what a prompt asks."""
