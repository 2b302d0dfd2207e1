"""Jobs, pictures, the queue and the picture files, with their SQL; no torch, no Discord."""
