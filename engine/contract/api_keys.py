"""What a key of the API may do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a key may do: list the models, start jobs and cancel its own, read its own jobs and pictures."""

    MODELS = "models"
    PAINT = "paint"
    READ = "read"
