"""Models and adapters that are loaded: on their way in, resident, warmed up, evicted."""
