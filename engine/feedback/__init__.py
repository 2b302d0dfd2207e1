"""The feedback log, what members prefer by it, and exports without personal data; no torch, no Discord."""
