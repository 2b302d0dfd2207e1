"""Exports of jobs, pictures and events, without torch and without personal data."""
