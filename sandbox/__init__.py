"""A local Discord, in memory and on loopback only: REST v10, Gateway v10, a chat page. It is independent of Easel."""
