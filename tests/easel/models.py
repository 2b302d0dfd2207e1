"""A registered model small enough to paint in a second, for tests of the processes around it."""

from __future__ import annotations

from pathlib import Path

from tests.engine.painter.checkpoints import save_sd1

_REGISTRY = """
default = "tiny"

[models.tiny]
family = "sd1"
folder = "weights"
licence = "none"

[models.tiny.defaults]
width = 32
height = 32
steps = 4

[models.tiny.abilities]
multiple = 8
min_side = 8
max_side = 64
"""


def save_models_file(folder: Path) -> Path:
    """Save a random model and the file that registers it; return the file, for `EASEL_MODELS_FILE`."""
    save_sd1(folder / "weights")
    path = folder / "models.toml"
    path.write_text(_REGISTRY)
    return path
