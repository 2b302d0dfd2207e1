"""Reads `vocabulary.toml` in a model's folder: all that a small model can paint. Models of others have no such file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import MappingProxyType

from engine.prompt import Vocabulary

VOCABULARY = "vocabulary.toml"


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """Return the vocabulary of the model in a folder, or None if it has none that can be read."""
    try:
        data = tomllib.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        words = {str(name): tuple(map(str, others)) for name, others in data["words"].items()}
        examples = tuple(map(str, data["examples"]))
        return Vocabulary(paints=str(data["paints"]), examples=examples, words=MappingProxyType(words))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
