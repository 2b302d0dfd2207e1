"""What a community does not want to be asked for; nothing here knows Discord or the store."""
