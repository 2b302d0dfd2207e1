"""REST v10 as bots use it, one module per resource. State and rules live outside; this only speaks HTTP."""
