"""What the bot keeps in Postgres: members, deliveries and command syncs; the only part of the bot that says SQL."""
