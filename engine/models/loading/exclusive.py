"""Builds one network at a time, whichever threads ask for them.

While diffusers 0.42 builds a network, every parameter that any thread registers is moved to the meta device, because
accelerate replaces a method of torch for all of them; transformers 5.23 and diffusers change torch's default dtype and
its initialisation likewise. Two threads that do so at once put back each other's changes, which then stay.
"""

from __future__ import annotations

import threading

# One thread may build a network within another, as an adapter's within a pipeline.

one_at_a_time = threading.RLock()
"""To be held while a network is built or filled; loading another one waits until it is done."""
