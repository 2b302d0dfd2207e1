"""Discord's rules for what a bot may send, answered as its 50035 trees. It checks and refuses; it changes nothing."""
