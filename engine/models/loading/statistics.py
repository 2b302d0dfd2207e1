"""Which statistics of latents in a VAE's configuration the pipelines of a family use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.models.registry.families import Family

_STATISTICS = ("latents_mean", "latents_std", "shift_factor")
# Read only where both are set.
_PAIR = frozenset({"latents_mean", "latents_std"})


def unused_statistics(family: Family, vae: Any) -> Iterator[str]:
    """Yield the statistics that a VAE's configuration sets and that no pipeline of the family reads."""
    given = [name for name in _STATISTICS if getattr(vae.config, name, None) is not None]
    used = family.latent_statistics if set(given) >= _PAIR else family.latent_statistics - _PAIR
    yield from (name for name in given if name not in used)


def drop_unused_statistics(family: Family, vae: Any) -> None:
    """Set them to null, so that latents are scaled as in the stock pipelines."""
    vae.register_to_config(**dict.fromkeys(unused_statistics(family, vae)))
