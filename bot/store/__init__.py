"""The bot's tables in Postgres: members, deliveries and command syncs; the only part of the bot with SQL."""
