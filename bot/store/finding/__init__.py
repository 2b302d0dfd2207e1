"""Finding pictures again, in Postgres: what a member looks for, and the pages of what is found."""
