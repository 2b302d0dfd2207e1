"""A job of `--between`: the words and settings of the two results that it names, if they go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.contract.jobs import Job, JobSpec, Operation, Part, Picture, WayEnd
from engine.prompt.checks.sizes import ratio_of
from engine.prompt.parameters import CANONICAL
from engine.prompt.render import render
from engine.prompt.sentences import Code, Sentence, sentence

AT = 0.5
"""Where between the two results a job is that does not say."""

# What a job says of itself, and what is only about the seeds of its pictures.
_OF_ONE_JOB = frozenset(
    ("at", "best", "between", "fast", "public", "relax", "sameseed", "seed", "stealth", "turbo", "video")
)
_NOT_FROM_WORDS = frozenset(("between", "chaos", "control", "cref", "interpolate", "sref"))
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished grid, by its job and pictures."""

    job: Job
    pictures: tuple[Picture, ...]

    @property
    def model(self) -> str:
        """The name of the model that painted it."""
        return str(self.pictures[0].recipe.get("model", ""))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of each picture."""
        return self.pictures[0].width, self.pictures[0].height


def between_spec(spec: JobSpec, one: Result, other: Result) -> JobSpec | Sentence:
    """Return the spec of `--between` with the words, settings and seeds of the two results, or why it cannot be.

    spec: as it was parsed; words of its own are those of an earlier answer of this, or the member's, who is told.
    """
    fault = next(_faults(one, other), None)
    if fault:
        return fault
    parts = _parts_at(one.job.spec.parts, other.job.spec.parts, share_of(spec))
    settings = {name: value for name, value in one.job.spec.parameters.items() if name not in _OF_ONE_JOB}
    settings["model"] = one.model
    if [part.text for part in spec.parts] not in ([], *_texts_at_any_share(one, other)):
        return sentence(Code.OWN_WORDS)
    own = {name: value for name, value in spec.parameters.items() if name in _OF_ONE_JOB}
    asked = {name: value for name, value in spec.parameters.items() if name not in own}
    if wrong := next((name for name, value in asked.items() if settings.get(name) != value), ""):
        return sentence(Code.OWN_SETTING, parameter=f"--{wrong}")
    ends = tuple(
        WayEnd(parts=end.job.spec.parts, seeds=tuple(picture.seed for picture in end.pictures)) for end in (one, other)
    )
    together = {**settings, **own}
    parameters = {row.name: together[row.name] for row in CANONICAL if row.name in together}
    whole = replace(
        spec,
        parts=parts,
        parameters=MappingProxyType(parameters),
        adapters=one.job.spec.adapters,
        ends=ends,
    )
    return replace(whole, prompt=render(whole))


def share_of(spec: JobSpec) -> float:
    """Return where between its two results a job is, 0 to 1."""
    at = spec.parameters.get("at", AT)
    return float(at) if isinstance(at, int | float) else AT


def _faults(one: Result, other: Result) -> Iterator[Sentence]:
    """Yield what keeps the two from being the ends of a way."""
    for end in (one, other):
        spec = end.job.spec
        is_plain = end.job.operation is Operation.IMAGINE and spec.parts and not spec.images
        if not is_plain or not _NOT_FROM_WORDS.isdisjoint(spec.parameters):
            yield sentence(Code.END_FROM_PICTURE, name=str(end.job.id))
    if one.model != other.model:
        yield sentence(Code.ENDS_OF_MODELS, one=one.model, other=other.model)
    if one.size != other.size:
        yield sentence(Code.ENDS_OF_SHAPES, one=ratio_of(one.size), other=ratio_of(other.size))
    for row in CANONICAL:
        values = [end.job.spec.parameters.get(row.name, row.default) for end in (one, other)]
        if row.name not in _OF_ONE_JOB and row.name not in ("ar", "model") and values[0] != values[1]:
            yield sentence(Code.ENDS_OF_SETTINGS, parameter=f"--{row.name}")


def _texts_at_any_share(one: Result, other: Result) -> Iterator[list[str]]:
    ends = one.job.spec.parts, other.job.spec.parts
    for share in (0.0, AT, 1.0):
        yield [part.text for part in _parts_at(*ends, share)]


def _parts_at(one: Sequence[Part], other: Sequence[Part], share: float) -> tuple[Part, ...]:
    """Return the parts of both, those of each with its share of the weight; at an end, its own."""
    if share in (0.0, 1.0):
        return tuple(other if share else one)
    weighed = [*_scaled(one, 1 - share), *_scaled(other, share)]
    return tuple(sorted(weighed, key=lambda part: part.weight < 0))


def _scaled(parts: Sequence[Part], share: float) -> list[Part]:
    total = sum(part.weight for part in parts if part.weight > 0)
    return [Part(text=part.text, weight=round(part.weight / total * share, _DIGITS)) for part in parts]
