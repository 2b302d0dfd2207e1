"""`easel doctor`: checks everything Easel depends on and says what to do."""
