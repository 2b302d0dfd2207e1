"""REST API v10 for bots, one module per resource."""

PREFIX = "/api/v10"
