"""State as Discord sends it: the JSON of users, guilds, channels, messages, components and interactions."""
