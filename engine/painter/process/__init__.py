"""The painter as a child process: started, spoken to, watched, replaced when it dies."""
