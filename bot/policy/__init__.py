"""Who may do what: quotas, pauses, restrictions and forbidden words."""
