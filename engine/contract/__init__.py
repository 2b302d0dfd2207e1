"""What bot and engine agree on: jobs, painting, feedback and errors; standard library only, no Discord word."""
