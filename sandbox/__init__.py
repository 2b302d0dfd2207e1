"""A local Discord, in memory and on loopback only: REST v10, Gateway v10 and a chat page; it knows nothing of Easel."""
