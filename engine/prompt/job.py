"""One text without sets, read into one spec: parameters, pictures, parts, and the checks that need all three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.jobs import JobSpec, ParameterValue
from engine.prompt.checks.capabilities import inabilities
from engine.prompt.errors import Flaw, Origin
from engine.prompt.grammar.extract_parameters import Setting, take_parameters
from engine.prompt.grammar.image_urls import PlacedImage, take_images
from engine.prompt.grammar.parts import Placed, split_parts, weight_flaws
from engine.prompt.grammar.precedence import settle
from engine.prompt.grammar.spans import Traced
from engine.prompt.limits import Defaults, Limits
from engine.prompt.parameters import CANONICAL
from engine.prompt.render import render


class ReadJob(NamedTuple):
    """What one text came to: its spec, or None and its flaws.

    times: how often it is wanted. places: where the settings that hold stand, by canonical name.
    """

    spec: JobSpec | None
    times: int
    places: Mapping[str, tuple[int, int]]
    flaws: list[Flaw]


def read_job(traced: Traced, defaults: Defaults, limits: Limits) -> ReadJob:
    """Return what one text without sets asks for."""
    text, written, flaws = take_parameters(traced, limits)
    (held, negatives, adapters), contradictions = settle(written, traced.text)
    text, images, image_flaws = take_images(text)
    parts, part_flaws = split_parts(text)
    settings, needs = _usable(held, bool(images or image_flaws))
    unable = inabilities(settings, adapters, images, [*parts, *negatives], defaults, limits)
    flaws += [*contradictions, *image_flaws, *part_flaws, *needs, *unable]
    flaws += [] if part_flaws else weight_flaws([*parts, *negatives] if parts or images else ())
    flaws = flaws or _emptiness(parts, images, len(traced.text))
    places = {setting.target: setting.span for setting in settings}
    values = {setting.target: setting.value for setting in settings}
    times = int(str(values.pop("repeat", 1)))
    if flaws:
        return ReadJob(None, times, places, flaws)
    if defaults.parameters:
        values = _with_defaults(values, defaults, bool(images))
    spec = _spec([*parts, *negatives], images, values)
    flaws = _too_long_written_out(spec.prompt, len(traced.text), limits)
    return ReadJob(None if flaws else spec, times, places, flaws)


def _too_long_written_out(prompt: str, length: int, limits: Limits) -> list[Flaw]:
    """Return a flaw when nobody could write the canonical prompt, which suffix, options and escapes made too long."""
    if len(prompt) <= limits.max_length:
        return []
    sentence = f"Written out in full this has {len(prompt):,} characters; {limits.max_length:,} are allowed."
    return [Flaw(0, length, sentence, "Shorten it.")]


def _spec(parts: Sequence[Placed], images: Sequence[PlacedImage], values: dict[str, ParameterValue]) -> JobSpec:
    spec = JobSpec(
        prompt="",
        parts=tuple([placed.part for placed in parts]),
        images=tuple([placed.image for placed in images]),
        parameters=MappingProxyType(values),
    )
    return JobSpec(prompt=render(spec), parts=spec.parts, images=spec.images, parameters=spec.parameters)


def _emptiness(parts: Sequence[Placed], images: Sequence[PlacedImage], length: int) -> list[Flaw]:
    if parts or len(images) > 1:
        return []
    if images:
        sentence = "One picture alone is not enough."
        return [Flaw(images[0].start, images[0].end, sentence, "Add words, or another picture.")]
    return [Flaw(0, length, "There are no words to paint.", "Say what the pictures shall show.")]


def _usable(settings: Sequence[Setting], has_images: bool) -> tuple[list[Setting], list[Flaw]]:
    """Leave out what means nothing here when it came from a suffix; written in the prompt it is a flaw."""
    if not any(setting.written.parameter.needs for setting in settings):
        return list(settings), []
    present = {setting.target for setting in settings} | ({"images"} if has_images else set())
    usable, flaws = [], []
    for setting in settings:
        needs = setting.written.parameter.needs
        if not needs or needs in present:
            usable.append(setting)
        elif setting.origin is not Origin.SUFFIX:
            sentence = f"{setting.written.spelling} means nothing without {_NEEDED[needs]}."
            flaws.append(
                Flaw(setting.written.start, setting.span[1], sentence, f"Add {_NEEDED[needs]} or leave it out.")
            )
    return usable, flaws


def _with_defaults(
    values: Mapping[str, ParameterValue], defaults: Defaults, has_images: bool
) -> dict[str, ParameterValue]:
    """Return the values with those of the service where nothing was said, in the table's order."""
    taken = {row.slot for row in CANONICAL if row.name in values}
    present = {*values, *defaults.parameters, *(["images"] if has_images else [])}
    usable = {
        row.name: defaults.parameters[row.name]
        for row in CANONICAL
        if row.name in defaults.parameters
        and row.name not in _NOT_SETTINGS
        and row.slot not in taken
        and (not row.needs or row.needs in present)
    }
    together = {**values, **usable}
    return {row.name: together[row.name] for row in CANONICAL if row.name in together}


_NOT_SETTINGS = frozenset({"no", "repeat"})
_NEEDED = {"images": "a picture", "sref": "--sref", "cref": "--cref"}
