"""Jobs, pictures, feedback events, the queue and the picture files; all SQL; no torch, no Discord."""
