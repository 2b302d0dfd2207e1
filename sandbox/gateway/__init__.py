"""The WebSocket that bots connect to: sessions, heartbeats, resuming, compression, and who hears which event."""
