"""A local Discord on loopback only, in memory or kept in a folder: REST v10, Gateway v10, a chat page.

It is independent of Easel. It has text channels, forums, public threads and direct messages. It has no categories,
voice channels, private threads, roles with permissions, or webhooks other than those of interactions.
"""
