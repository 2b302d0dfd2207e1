"""Which IP-Adapter reads which pictures of a request, and how much they count; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintRequest
from engine.contract.references import PARAMETER_OF, PictureUse, pictures_of
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import Model, Registry
from engine.painter.sampling.parts import is_interpolated

WORDLESS_IMAGE_WEIGHT = 2.0
"""The weight of pictures in a prompt without words: a scale of 1, with which IP-Adapters were trained.

Source: Ye et al. 2023 (IP-Adapter), section 4.4.
"""

_READ_NONE = frozenset({Operation.UPSCALE, Operation.ANIMATE})


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What one IP-Adapter reads: some of the request's pictures, by index, each with its weight; `scale` is of all."""

    adapter: IPAdapter
    scale: float
    images: tuple[int, ...]
    weights: tuple[float, ...]


def references_of(request: PaintRequest, model: Model, registry: Registry) -> tuple[Reference, ...]:
    """Return what the IP-Adapters of the model read; nothing where pictures are what is started from.

    Raises: SettingUnsupported for references that no IP-Adapter of the model reads.
    """
    pictures = pictures_of(request.spec)
    scales = {use: scale(request.spec.parameters, bool(request.spec.parts)) for use, scale in _SCALES.items()}
    # Operations on a source do without pictures; tiles of an upscaled picture are no whole pictures, and films start
    # from theirs.
    is_plain = len(request.images) != len(pictures) or request.operation in _READ_NONE
    if not pictures or is_plain or not request.may_read_images:
        return ()
    adapters = {adapter.use: adapter for adapter in registry.ip_adapters_of(model)}
    found = []
    for use in PictureUse:
        images = tuple(at for at, picture in enumerate(pictures) if picture.use is use)
        if not images or (use is PictureUse.IMAGE and (use not in adapters or _is_start(request))):
            continue
        if use not in adapters:
            raise SettingUnsupported(name=PARAMETER_OF[use], value=pictures[images[0]].url, model=model.name)
        weights = tuple(pictures[at].weight for at in images)
        found.append(Reference(adapter=adapters[use], scale=scales[use], images=images, weights=weights))
    return tuple(found)


def are_start(request: PaintRequest, references: Sequence[Reference]) -> bool:
    """Return whether the pictures in the prompt are what is started from, because no IP-Adapter reads them."""
    is_read = any(reference.adapter.use is PictureUse.IMAGE for reference in references)
    return bool(request.spec.images) and bool(request.images) and request.edit is None and not is_read


def _is_start(request: PaintRequest) -> bool:
    """Return whether the pictures in the prompt are started from or steer, although an IP-Adapter could read them."""
    return not request.spec.parameters.keys().isdisjoint(("strength", "control")) or is_interpolated(request)


def _image_scale(asked: Mapping[str, ParameterValue], has_words: bool) -> float:
    """Return w / 2 for the weight w of `--iw`: 0.5 by default, where words and pictures count alike."""
    return float(str(asked.get("iw", 1 if has_words else WORDLESS_IMAGE_WEIGHT))) / 2


def _style_scale(asked: Mapping[str, ParameterValue], has_words: bool) -> float:
    """Return s / 100 for `--sw` up to 100, then a number that rises to 2 at 1000, as for `--stylize`."""
    weight = float(str(asked.get("sw", 100)))
    return weight / 100 if weight <= 100 else 1 + (weight - 100) / 900


def _character_scale(asked: Mapping[str, ParameterValue], has_words: bool) -> float:
    return float(str(asked.get("cw", 100))) / 100


_SCALES = {
    PictureUse.IMAGE: _image_scale,
    PictureUse.STYLE: _style_scale,
    PictureUse.CHARACTER: _character_scale,
}
