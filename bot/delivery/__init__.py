"""How jobs reach their messages: changes are noticed, read, paced and shown, and nothing is lost by a restart."""
