"""The feedback log in Postgres: append-only impressions and actions, one partition a month, and their erasure."""
