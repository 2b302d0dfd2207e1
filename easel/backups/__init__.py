"""Backups: the database as `pg_dump` writes it, every picture that it names, and a manifest that is written last."""
