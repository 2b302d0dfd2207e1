"""The stages that a prompt passes, from the text as typed to its parts, weights and parameters."""
