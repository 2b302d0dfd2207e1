"""Discord's JSON objects: users, guilds, channels, messages, components and interactions."""
