"""Jobs, pictures, feedback events, the queue and the picture files; SQL lives here, torch and Discord do not."""
