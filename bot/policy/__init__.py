"""Who may do what: quotas now, moderation when it comes."""
