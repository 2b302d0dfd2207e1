"""Keeps the chat in a folder over restarts: records in SQLite, attachments as files named by their hash.

What a request has changed is stored before its answer is sent, so a killed sandbox has lost nothing that a bot or a
member was told.
"""
