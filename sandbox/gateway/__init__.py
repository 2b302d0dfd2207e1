"""The Gateway for bots: sessions, heartbeats, resume, compression and event dispatch."""
