"""Pictures of a subject, and the folder of a training on a tiny checkpoint."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw

from engine.contract.ids import new_id
from engine.contract.training import TrainingRequest
from tests.engine.painter.checkpoints import save_sd1
from tests.engine.painter.registries import entry


def picture(shade: int, side: int = 96) -> bytes:
    """Return a PNG of a bright ring on a ground of its own."""
    image = Image.new("RGB", (side, side + 20), (shade, 30, 90))
    ImageDraw.Draw(image).ellipse((20, 20, side - 20, side - 20), outline=(250, 220, 40), width=8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def order_for(pictures: tuple[bytes, ...] | None = None) -> TrainingRequest:
    """Return a request with four pictures, if not with these."""
    return TrainingRequest(
        job_id=new_id(),
        subject="zorkle ring",
        kind="ring",
        model=None,
        seed=7,
        pictures=pictures or tuple(picture(shade) for shade in (20, 80, 140, 200)),
    )


def save_tiny_registry(folder: Path) -> Path:
    """Save a tiny model and the file that registers it."""
    save_sd1(folder / "weights")
    file = folder / "registry.toml"
    file.write_text(f'default = "tiny"\n{entry("tiny", "sd1", "weights")}')
    return file
