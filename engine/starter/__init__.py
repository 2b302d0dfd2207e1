"""The starter: a small text-to-image model that ships with Easel, and all that it takes to make it again.

It is there so that Easel works with no GPU, no network and no other model; real use names a real model.
"""

from engine.starter.weights import WEIGHTS, record_weights, verify_weights

__all__ = ["WEIGHTS", "record_weights", "verify_weights"]
