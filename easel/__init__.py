"""The `easel` command: reads the settings and starts the requested part of Easel; it does none of the work itself."""

from easel.app import main

__all__ = ["main"]
