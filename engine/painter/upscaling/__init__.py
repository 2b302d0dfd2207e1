"""Pictures made larger without a prompt: by a registered network, or by the best classical filter."""
