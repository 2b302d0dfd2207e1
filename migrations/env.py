"""Alembic's entry point: it uses the connection it is given and opens none itself."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
