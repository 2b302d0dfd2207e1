"""What `--between` paints: the texts of two results, the share of the way from one to the other, and both seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import MAX_SEED, Part
from engine.contract.painting import PaintRequest
from engine.models.registry.registry import Model
from engine.painter.sampling.parts import joined_spec, weighed_parts
from engine.prompt.checks.between import share_of


@dataclass(frozen=True, kw_only=True)
class EndTexts:
    """The texts of one of the two: positive parts with weights that sum to 1, and negative ones on the same scale."""

    positive: tuple[Part, ...]
    negative: tuple[Part, ...]
    is_joined: bool


@dataclass(frozen=True, kw_only=True)
class Between:
    """The way from one result to another.

    share: how far on it the pictures lie, 0 to 1. seeds: of the pictures of the second, by slot.
    """

    share: float
    ends: tuple[EndTexts, EndTexts]
    seeds: tuple[int, ...]

    @property
    def is_nearer_second(self) -> bool:
        """Whether the pictures are nearer to the second result, whose generators then draw a sampler's own noise."""
        return self.share > 0.5

    @property
    def is_joined(self) -> bool:
        """Whether a positive part of either is several of its prompt, in one text."""
        return any(end.is_joined for end in self.ends)

    @property
    def positive(self) -> tuple[Part, ...]:
        """The positive parts of both, those of each with its share of the weight."""
        return self._together([end.positive for end in self.ends])

    @property
    def negative(self) -> tuple[Part, ...]:
        """The negative parts of both, in the same way."""
        return self._together([end.negative for end in self.ends])

    def _together(self, parts: Sequence[tuple[Part, ...]]) -> tuple[Part, ...]:
        shares = (1 - self.share, self.share)
        return tuple(
            replace(part, weight=part.weight * share)
            for own, share in zip(parts, shares, strict=True)
            for part in own
            if share
        )


def between_of(request: PaintRequest, model: Model) -> Between | None:
    """Return the way that a request asks for; None without one, and for what is done to a picture.

    Raises: SettingUnsupported where the two results were not found when the job was asked for.
    """
    spec = request.spec
    share = share_of(spec)
    if "between" not in spec.parameters or request.edit is not None:
        return None
    if len(spec.ends) != 2 or any(len(end.seeds) < request.num_pictures for end in spec.ends):
        raise SettingUnsupported(name="between", value=" ".join(map(str, _named(request))), model=model.name)
    one, other = (_texts(replace(request, spec=replace(spec, parts=end.parts)), model) for end in spec.ends)
    seeds = tuple(_moved(seed, request) for seed in spec.ends[1].seeds)
    return Between(share=share, ends=(one, other), seeds=seeds)


def seed_between(request: PaintRequest, slot: int) -> int:
    """Return the seed of a picture: that of the first result's picture, moved as the request's seed is from its own."""
    return _moved(request.spec.ends[0].seeds[slot], request)


def seed_of_request(seed: int, slot: int, request: PaintRequest) -> int:
    """Return the seed of the request whose picture in that slot has that seed."""
    seeds = request.spec.ends[0].seeds
    return (seed - seeds[slot] + seeds[0]) % (MAX_SEED + 1)


def is_between(request: PaintRequest) -> bool:
    """Return whether the pictures lie between two results; what is painted from one of them does not."""
    return request.edit is None and len(request.spec.ends) == 2 and "between" in request.spec.parameters


def _moved(seed: int, request: PaintRequest) -> int:
    return (seed + request.seed - request.spec.ends[0].seeds[0]) % (MAX_SEED + 1)


def _named(request: PaintRequest) -> Sequence[str]:
    named = request.spec.parameters["between"]
    return named if isinstance(named, tuple) else (str(named),)


def _texts(request: PaintRequest, model: Model) -> EndTexts:
    spec, is_joined = joined_spec(request, model)
    positive, negative = weighed_parts(spec)
    return EndTexts(positive=positive, negative=negative, is_joined=is_joined)
