"""From the log to what leaves the service: exports, without torch and without anything that names a person."""
