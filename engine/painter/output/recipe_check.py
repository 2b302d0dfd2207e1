"""Checks a stored recipe, which another release may have written or somebody may have edited."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from engine.contract.edits import CELLS
from engine.contract.errors import RecipeUnreadable
from engine.contract.jobs import MAX_SEED, READABLE_SPEC_VERSIONS, Operation, spec_from_json
from engine.contract.references import pictures_of
from engine.contract.samplers import SAMPLERS
from engine.prompt import PARAMETERS, Parameter, ParameterKind
from engine.prompt.parameters import MOST_PAINTED

_LARGEST = sys.float_info.max
_MAX_SHOWN = 40
_RATIO = re.compile(r"[1-9][0-9]{0,4}:[1-9][0-9]{0,4}")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a value in a recipe must be.

    description: in words, for errors. fits: whether a value follows the rule. inner: the rules of an object's entries.
    """

    description: str
    fits: Callable[[object], bool]
    inner: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}))
    is_optional: bool = False


def check_recipe(recipe: object) -> None:
    """Return if this release can read the recipe.

    An unknown entry is refused like a missing one, because the picture was painted with it.

    Raises: RecipeUnreadable with all problems.
    """
    problems = [*_faults("the recipe", recipe, _ENLARGED if is_enlarged(recipe) else _RECIPE)]
    if not problems and isinstance(recipe, Mapping):
        problems = [*_contradictions(recipe)]
    if problems:
        raise RecipeUnreadable(problems=tuple(problems))


def is_enlarged(recipe: object) -> bool:
    """Return whether the recipe's picture is its source, larger: no model has painted on it."""
    return isinstance(recipe, Mapping) and recipe.get("operation") == Operation.UPSCALE and recipe.get("strength") == 0


def _faults(name: str, value: object, rule: Rule) -> Iterator[str]:
    if not rule.fits(value):
        yield f"{name} is {_shown(value)}, not {rule.description}"
    elif rule.inner and isinstance(value, Mapping):
        yield from _faults_within(name, value, rule.inner)


def _faults_within(name: str, values: Mapping[str, object], rules: Mapping[str, Rule]) -> Iterator[str]:
    for unknown in sorted(values.keys() - rules.keys()):
        yield f"{name} has {_shown(unknown)}, which this release does not know"
    missing = [inner for inner, rule in rules.items() if inner not in values and not rule.is_optional]
    if missing:
        yield f"{name} lacks {', '.join(missing)}"
    for inner, rule in rules.items():
        if inner in values:
            yield from _faults(inner, values[inner], rule)


def _contradictions(recipe: Mapping[str, Any]) -> Iterator[str]:
    if recipe["slot"] >= recipe["pictures"]:
        yield f"slot is {recipe['slot']}, and pictures is {recipe['pictures']}"
    if ("operation" in recipe) != ("edit" in recipe) or ("edit" in recipe and recipe["strength"] is None):
        yield "operation, edit and strength belong together, and one of them is missing"
    elif "edit" in recipe:
        yield from _contradictions_of_edit(recipe["edit"], recipe)
    images = recipe.get("image_sha256", [])
    is_started = bool(images) and not recipe.keys() & {"references", "control"}
    if recipe["strength"] is None and (recipe["source_sha256"] is not None or is_started):
        yield "strength and source_sha256 or image_sha256 belong together, and one of them is missing"
    if recipe["strength"] is not None and recipe["source_sha256"] is None and not images:
        yield "strength and source_sha256 or image_sha256 belong together, and one of them is missing"
    if "references" in recipe and not images:
        yield "references has entries, and image_sha256 is missing"
    if "control" in recipe and not (images and len(recipe["spec"]["images"]) == 1):
        yield "control and image_sha256 belong together, and one of them is missing"
    ends = recipe["spec"].get("ends", [])
    if ends and (len(ends) != 2 or any(len(end["seeds"]) < recipe["pictures"] for end in ends)):
        yield "ends are not two results with a seed for each picture"
    pictures = pictures_of(spec_from_json(recipe["spec"]))
    if images and len(images) != len(pictures):
        yield f"image_sha256 has {len(images)} entries, and images {len(pictures)}"


def _contradictions_of_edit(edit: Mapping[str, Any], recipe: Mapping[str, Any]) -> Iterator[str]:
    width, height = edit["size"]
    if [width, height] != [recipe["width"], recipe["height"]] or edit["strength"] != recipe["strength"]:
        yield "edit has another size or strength than the recipe"
    boxes = [edit["box"], *([edit["mask"]["box"]] if "mask" in edit else [])]
    for box in boxes:
        left, top, box_width, box_height = box
        if not (box_width and box_height and left + box_width <= width and top + box_height <= height):
            yield f"box is {box}, which does not lie within {width}x{height}"
    if edit["cells"] and "mask" in edit:
        yield "edit has both cells and a mask"


def _are_whole(value: object, count: int, low: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(one, int) and one >= low for one in value)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _whole(low: float | None, high: float | None = None) -> Rule:
    number = _number(low, high)
    return Rule(
        description=number.description.replace("a number", "a whole number"),
        fits=lambda value: isinstance(value, int) and number.fits(value),
    )


def _number(low: float | None, high: float | None = None) -> Rule:
    least, most = -_LARGEST if low is None else low, _LARGEST if high is None else high
    bounds = ("" if low is None else f" from {low:g}") + ("" if high is None else f" to {high:.10g}")
    return Rule(
        description=f"a number{bounds}",
        # True is an int; JSON numbers beyond the largest float are read as infinity.
        fits=lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most,
    )


def _or_null(rule: Rule) -> Rule:
    return replace(
        rule, description=f"{rule.description} or null", fits=lambda value: value is None or rule.fits(value)
    )


def _optional(rule: Rule) -> Rule:
    return replace(rule, is_optional=True)


def _list_of(rule: Rule) -> Rule:
    return Rule(
        description=f"a list, each {rule.description}",
        fits=lambda value: isinstance(value, list) and all(not [*_faults("", item, rule)] for item in value),
    )


def _object(**inner: Rule) -> Rule:
    return Rule(description="an object", fits=lambda value: isinstance(value, Mapping), inner=inner)


def _is_texts_by_name(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())


def _is_weighed(parts: object) -> bool:
    return _PARTS.fits(parts) and isinstance(parts, list) and (not parts or any(part["weight"] > 0 for part in parts))


def _is_adapter(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and _TEXT.fits(value[0]) and _number(None).fits(value[1])


def _rule_for(parameter: Parameter) -> Rule:
    """Return the rule for the value of a prompt parameter."""
    match parameter.kind:
        case ParameterKind.FLAG:
            rule = Rule(description="true or false", fits=lambda value: isinstance(value, bool))
        case ParameterKind.INTEGER:
            rule = _whole(parameter.low, parameter.high)
        case ParameterKind.DECIMAL:
            rule = _number(parameter.low, parameter.high)
        case ParameterKind.RATIO:
            rule = Rule(description="width:height", fits=lambda value: _TEXT.fits(value) and _is_ratio(value))
        case ParameterKind.CHOICE:
            rule = _one_of(parameter.choices)
        case ParameterKind.MODEL | ParameterKind.VERSION | ParameterKind.NIJI | ParameterKind.CONTROL:
            rule = _TEXT
        case _:
            rule = _list_of(_TEXT)
    return _optional(rule)


def _one_of(known: tuple[str, ...]) -> Rule:
    return Rule(description=f"one of {', '.join(known)}", fits=lambda value: value in known)


def _is_ratio(value: object) -> bool:
    return bool(_RATIO.fullmatch(str(value)))


_TEXT = Rule(description="text", fits=lambda value: isinstance(value, str))
_OBJECT = _object()
_TEXTS_BY_NAME = Rule(description="texts by name", fits=_is_texts_by_name)
_PARTS = _list_of(replace(_object(text=_TEXT, weight=_number(None)), description="a text with its weight"))

_SEEDS = _list_of(_whole(0, MAX_SEED))

_SPEC = _object(
    version=Rule(
        description=" or ".join(map(str, sorted(READABLE_SPEC_VERSIONS))),
        fits=lambda value: isinstance(value, int) and value in READABLE_SPEC_VERSIONS,
    ),
    prompt=_TEXT,
    parts=replace(_PARTS, description=f"{_PARTS.description}, one of them above 0", fits=_is_weighed),
    images=_list_of(replace(_object(url=_TEXT, weight=_number(None)), description="an address with its weight")),
    parameters=_object(**{row.name: _rule_for(row) for row in PARAMETERS if not row.gives}),
    ends=_optional(_list_of(replace(_object(parts=_PARTS, seeds=_SEEDS), description="a result with its seeds"))),
)

_EDITING = tuple(operation.value for operation in Operation if operation is not Operation.IMAGINE)
_BOX = Rule(description="left, top, width and height", fits=lambda value: _are_whole(value, 4, 0))
_EDIT = _object(
    strength=_number(0, 1),
    size=Rule(description="a width and a height", fits=lambda value: _are_whole(value, 2, 1)),
    box=_BOX,
    cells=_list_of(_whole(CELLS[0], CELLS[-1])),
    words=_optional(_TEXT),
    mask=_optional(_object(sha256=_TEXT, box=_BOX)),
)

_UPSCALER = _object(name=_TEXT, sha256=_optional(_TEXT))

_REFERENCE = replace(_object(name=_TEXT, scale=_number(0), sha256=_TEXT), description="an IP-Adapter")

_RECIPE = _object(
    spec=_SPEC,
    seed=_whole(0, MAX_SEED),
    slot=_whole(0, MOST_PAINTED - 1),
    pictures=_whole(1, MOST_PAINTED),
    width=_whole(1),
    height=_whole(1),
    steps=_whole(1),
    guidance=_number(1),
    sampler=_one_of(tuple(SAMPLERS)),
    scheduler=_optional(_OBJECT),
    speed=_optional(_OBJECT),
    positive=_PARTS,
    negative=_PARTS,
    joined=_optional(Rule(description="true", fits=lambda value: value is True)),
    loras=_list_of(Rule(description="a name with its weight", fits=_is_adapter)),
    lora_sha256=_optional(_TEXTS_BY_NAME),
    strength=_or_null(_number(0, 1)),
    source_sha256=_or_null(_TEXT),
    image_sha256=_optional(_list_of(_TEXT)),
    operation=_optional(_one_of(_EDITING)),
    edit=_optional(_EDIT),
    stop=_number(0, 1),
    model=_TEXT,
    model_sha256=_TEXT,
    libraries=_TEXTS_BY_NAME,
    cut=_optional(_list_of(_TEXT)),
    clip=_optional(_object(scale=_number(0, 10), sha256=_TEXT)),
    control=_optional(_object(name=_TEXT, weight=_number(0, 2), sha256=_TEXT)),
    upscaler=_optional(_UPSCALER),
    film=_optional(_object(frames=_whole(1), fps=_whole(1), adapter=_optional(_TEXT), sha256=_optional(_TEXT))),
    scores=_optional(_list_of(_number(-1, 1))),
    references=_optional(_list_of(_REFERENCE)),
)

_ENLARGED = _object(
    spec=_SPEC,
    seed=_whole(0, MAX_SEED),
    slot=_whole(0, 0),
    pictures=_whole(1, 1),
    width=_whole(1),
    height=_whole(1),
    strength=_number(0, 0),
    source_sha256=_TEXT,
    operation=_TEXT,
    edit=_EDIT,
    upscaler=_UPSCALER,
    model=_TEXT,
    libraries=_TEXTS_BY_NAME,
)
