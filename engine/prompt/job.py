"""Parses one text without sets into one spec: parameters, pictures, parts, and the checks that need all three."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from engine.contract.jobs import JobSpec, ParameterValue
from engine.prompt.checks.capabilities import capability_problems
from engine.prompt.errors import Origin, Problem
from engine.prompt.grammar.extract_parameters import ParameterSetting, extract_parameters
from engine.prompt.grammar.foreign_syntax import foreign_problems
from engine.prompt.grammar.image_urls import LocatedImage, extract_images
from engine.prompt.grammar.lora_tags import extract_lora_tags
from engine.prompt.grammar.parts import LocatedPart, split_parts, weight_problems
from engine.prompt.grammar.precedence import resolve_settings
from engine.prompt.grammar.spans import MappedText, source_at
from engine.prompt.limits import Limits, PromptDefaults
from engine.prompt.parameter_type import ParameterKind
from engine.prompt.parameters import CANONICAL
from engine.prompt.render import render
from engine.prompt.sentences import Code, Field, sentence


class ParsedJob(NamedTuple):
    """The result of one text: its spec, or None and its problems.

    times: the number of jobs, from `--repeat`. places: span of each setting that applies, by canonical name.
    """

    spec: JobSpec | None
    times: int
    places: Mapping[str, tuple[int, int]]
    problems: list[Problem]


def parse_job(mapped: MappedText, defaults: PromptDefaults, limits: Limits) -> ParsedJob:
    """Return the job of one text without sets."""
    text, raw, problems = extract_parameters(mapped, limits)
    text, tags, tag_problems = extract_lora_tags(text, limits)
    raw += [ParameterSetting(*tag, source_at(mapped, tag.raw.start).origin) for tag in tags]
    (held, negatives, adapters), contradictions = resolve_settings(raw, mapped.text)
    text, images, image_problems = extract_images(text)
    foreign = [*tag_problems, *foreign_problems(text), *_foreign_in_no(raw, mapped.text)]
    parts, part_problems = split_parts(text)
    has_ends = part_problems or 2 in (len(images), len(parts))
    present = {name for name, is_there in (("images", images or image_problems), ("ends", has_ends)) if is_there}
    settings, needs = _applicable(_without_others(held), present)
    unable = capability_problems(settings, adapters, images, [*parts, *negatives], defaults, limits)
    problems += [*contradictions, *foreign, *image_problems, *part_problems, *needs, *unable]
    problems += [] if part_problems or foreign else weight_problems([*parts, *negatives] if parts or images else ())
    is_between = any(setting.target == "between" for setting in settings)
    problems += _pictures_between(images) if is_between else ()
    problems = problems or ([] if is_between else _empty_prompt(parts, images, len(mapped.text)))
    places = {setting.target: setting.span for setting in settings}
    values = {setting.target: setting.value for setting in settings}
    times = int(str(values.pop("repeat", 1)))
    if problems:
        return ParsedJob(None, times, places, problems)
    if defaults.parameters and not is_between:
        values = _with_defaults(values, defaults, bool(images))
    spec = _spec([*parts, *negatives], images, values)
    problems = _too_long_written_out(spec.prompt, len(mapped.text), limits)
    return ParsedJob(None if problems else spec, times, places, problems)


def _without_others(settings: Sequence[ParameterSetting]) -> Sequence[ParameterSetting]:
    """Return the settings; with `--between`, without those of a suffix that the two results say already."""
    if not any(setting.target == "between" for setting in settings):
        return settings
    return [one for one in settings if one.origin is not Origin.SUFFIX or one.raw.parameter.group in _OF_ANY_JOB]


def _pictures_between(images: Sequence[LocatedImage]) -> Iterator[Problem]:
    for image in images[:1]:
        yield Problem(image.start, image.end, sentence(Code.BETWEEN_PICTURES), sentence(Code.REMOVE))


def _foreign_in_no(settings: Sequence[ParameterSetting], text: str) -> Iterator[Problem]:
    for setting in settings:
        if setting.raw.parameter.kind is ParameterKind.WORDS:
            yield from foreign_problems(text[slice(*setting.span)], setting.span[0])


def _too_long_written_out(prompt: str, length: int, limits: Limits) -> list[Problem]:
    """Return a problem if the suffix, custom options and escapes make the canonical prompt too long to be typed."""
    if len(prompt) <= limits.max_length:
        return []
    message = sentence(Code.EXPANDED_TOO_LONG, length=len(prompt), limit=limits.max_length)
    return [Problem(0, length, message, sentence(Code.SHORTEN))]


def _spec(parts: Sequence[LocatedPart], images: Sequence[LocatedImage], values: dict[str, ParameterValue]) -> JobSpec:
    spec = JobSpec(
        prompt="",
        parts=tuple([located.part for located in parts]),
        images=tuple([located.image for located in images]),
        parameters=MappingProxyType(values),
    )
    return JobSpec(prompt=render(spec), parts=spec.parts, images=spec.images, parameters=spec.parameters)


def _empty_prompt(parts: Sequence[LocatedPart], images: Sequence[LocatedImage], length: int) -> list[Problem]:
    if parts or len(images) > 1:
        return []
    if images:
        advice = sentence(Code.ADD_WORDS_OR_PICTURE)
        return [Problem(images[0].start, images[0].end, sentence(Code.ONE_PICTURE), advice)]
    return [Problem(0, length, sentence(Code.NO_WORDS), sentence(Code.DESCRIBE))]


def _applicable(settings: Sequence[ParameterSetting], given: Set[str]) -> tuple[list[ParameterSetting], list[Problem]]:
    """Return the settings that have an effect, and problems for the others; those from a suffix are just dropped.

    given: what the prompt has beside them, of what a parameter needs.
    """
    if not any(setting.raw.parameter.needs for setting in settings):
        return list(settings), []
    present = {setting.target for setting in settings} | given
    applicable, problems = [], []
    for setting in settings:
        needs = setting.raw.parameter.needs
        if not needs or needs in present:
            applicable.append(setting)
        elif setting.origin is not Origin.SUFFIX:
            message = sentence(Code.NO_EFFECT_WITHOUT, parameter=setting.raw.spelling, needed=_NEEDED[needs])
            advice = sentence(Code.ADD_NEEDED, needed=_NEEDED[needs])
            problems.append(Problem(setting.raw.start, setting.raw.end, message, advice))
    return applicable, problems


def _with_defaults(
    values: Mapping[str, ParameterValue], defaults: PromptDefaults, has_images: bool
) -> dict[str, ParameterValue]:
    """Return the values, with the service's defaults for slots that are not set, in the table's order."""
    taken = {row.slot for row in CANONICAL if row.name in values}
    present = {*values, *defaults.parameters, *(["images"] if has_images else [])}
    applicable = {
        row.name: defaults.parameters[row.name]
        for row in CANONICAL
        if row.name in defaults.parameters
        and row.name not in _NOT_SETTINGS
        and row.slot not in taken
        and (not row.needs or row.needs in present)
    }
    together = {**values, **applicable}
    return {row.name: together[row.name] for row in CANONICAL if row.name in together}


_NOT_SETTINGS = frozenset({"no", "repeat"})
_OF_ANY_JOB = frozenset({"speed", "visibility"})
_NEEDED: Mapping[str, Field] = {
    "between": "--between",
    "control": "--control",
    "cref": "--cref",
    "ends": sentence(Code.TWO_ENDS),
    "images": sentence(Code.A_PICTURE),
    "sref": "--sref",
}
