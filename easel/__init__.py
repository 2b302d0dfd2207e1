"""The `easel` command: reads the settings, chooses and starts what is asked for; it does none of the work itself."""

from easel.app import main

__all__ = ["main"]
