"""Whether a transformer knows positions for the largest pictures that a model may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any

from engine.models.loading.errors import UnusableFiles


def check_positions(components: Mapping[str, Any], max_side: int) -> None:
    """Check that a transformer's table of positions is as wide as the largest picture.

    Without this, Stable Diffusion 3 fails on the picture, and AuraFlow paints a wide one with positions of other rows.

    max_side: of the model's pictures, in pixels.

    Raises: UnusableFiles.
    """
    known = _known_side(components.get("transformer"), components["vae"]) if "vae" in components else None
    if known is not None and max_side > known:
        raise UnusableFiles(
            f"its transformer knows positions for sides of up to {known} pixels, and max_side is {max_side}:"
            f" set max_side = {known} in its abilities"
        )


def _known_side(transformer: Any, vae: Any) -> int | None:
    """Return the side of the largest square in pixels; None for a transformer without a table."""
    config = getattr(transformer, "config", {})
    known, blocks = config.get("pos_embed_max_size"), getattr(vae.config, "block_out_channels", None)
    if known is None or blocks is None:
        return None
    # AuraFlow's setting is the number of all positions, not of those in a row.
    positions = isqrt(known) if type(transformer).__name__.startswith("AuraFlow") else known
    return int(positions * config["patch_size"] * 2 ** (len(blocks) - 1))
