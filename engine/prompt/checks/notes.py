"""Notes on a job that is painted all the same: what its prompt contradicts, and what its model does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.contract.jobs import JobSpec, Operation, Part
from engine.prompt.errors import quoted
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.parameter_type import GRID
from engine.prompt.parameters import CANONICAL
from engine.prompt.parameters.films import FILM_PARAMETERS
from engine.prompt.sentences import Code, Field, Sentence, sentence
from engine.prompt.subjects import Words, contains, has_subject, plain_text, words_of

_ON_A_PART = frozenset({Operation.INPAINT, Operation.ZOOM, Operation.PAN})
_ON_A_PICTURE = _ON_A_PART | {Operation.VARY}
_ASKS_FOR_PROMPTS = frozenset({Operation.DESCRIBE, Operation.SHORTEN})
"""They paint nothing, and what stands for the prompt of a picture is no word of the member's."""
_FOR_NEW_GRIDS = ("best", "video", "interpolate", "between", "at", "strength", "control", "control-weight")
_OF_FILMS = tuple(row.name for row in FILM_PARAMETERS)
_NOT_OF_FILMS = tuple(row.name for row in CANONICAL if row.operations == GRID)
_IGNORED = {**dict.fromkeys(_ON_A_PICTURE, _FOR_NEW_GRIDS), Operation.ANIMATE: _NOT_OF_FILMS}
_WITHOUT_EFFECT = {"interpolate": ("chaos", "best", "video", "sameseed"), "video": ("best",)}
"""What a kind of result leaves out: a film shows all pictures, and its frames lie between two ends, of one noise."""


def notes_on(spec: JobSpec, limits: Limits, operation: Operation = Operation.IMAGINE) -> tuple[Sentence, ...]:
    """Return what to say for each thing that the member should know about the job; usually none."""
    wanted = [words_of(part.text) for part in spec.parts if part.weight > 0]
    model = _model_of(spec, limits)
    return (
        *_contradiction(spec.parts, wanted),
        *(_unknown_subjects(wanted, model) if operation not in _ASKS_FOR_PROMPTS else ()),
        *_missing_style(spec, model),
        *_without_effect(spec, operation),
        *_unread_pictures(spec, model, operation),
    )


def _contradiction(parts: Sequence[Part], wanted: Sequence[Words]) -> Iterator[Sentence]:
    excluded = [item.strip() for part in parts if part.weight < 0 for item in plain_text(part.text).split(",")]
    both = [item for item in dict.fromkeys(excluded) if any(contains(words, words_of(item)) for words in wanted)]
    if both:
        named = ", ".join(f'"{quoted(item)}"' for item in both)
        yield sentence(Code.CONTRADICTION if len(both) == 1 else Code.CONTRADICTIONS, words=named)


def _unknown_subjects(wanted: Sequence[Words], model: ModelCapabilities) -> Iterator[Sentence]:
    known = model.vocabulary
    if known and wanted and not any(has_subject(words, known) for words in wanted):
        words = ", ".join(known.words)
        yield sentence(Code.UNKNOWN_SUBJECTS, model=model.name, paints=known.told, words=words)


def _missing_style(spec: JobSpec, model: ModelCapabilities) -> Iterator[Sentence]:
    asked = [name for name in ("stylize", "style") if name in spec.parameters]
    if asked and model.style == "":
        yield sentence(Code.STYLE_UNTRAINED, model=model.name, parameter=f"--{asked[0]}")


def _without_effect(spec: JobSpec, operation: Operation) -> Iterator[Sentence]:
    """Yield what changes nothing, because of the operation or of another parameter."""
    ignored = _IGNORED.get(operation, ())
    if found := [name for name in ignored if name in spec.parameters]:
        code = Code.ONE_FOR_NEW_GRIDS if len(found) == 1 else Code.SEVERAL_FOR_NEW_GRIDS
        yield sentence(code, parameters=_listed(found))
    if operation is not Operation.ANIMATE and (found := [name for name in _OF_FILMS if name in spec.parameters]):
        code = Code.ONE_FOR_FILMS if len(found) == 1 else Code.SEVERAL_FOR_FILMS
        yield sentence(code, parameters=_listed(found))
    if operation in _ON_A_PART and "tile" in spec.parameters:
        yield sentence(Code.TILE_WITHOUT_EFFECT)
    if operation is not Operation.IMAGINE:
        return
    film = next((name for name in _WITHOUT_EFFECT if name in spec.parameters), "")
    if found := [name for name in _WITHOUT_EFFECT.get(film, ()) if name in spec.parameters]:
        code = Code.ONE_WITHOUT_EFFECT if len(found) == 1 else Code.SEVERAL_WITHOUT_EFFECT
        yield sentence(code, parameters=_listed(found), other=f"--{film}")


def _unread_pictures(spec: JobSpec, model: ModelCapabilities, operation: Operation) -> Iterator[Sentence]:
    if spec.images and operation in _ON_A_PICTURE and model.reads_pictures is False:
        yield sentence(Code.PICTURES_UNREAD, model=model.name)


def _listed(names: Sequence[str]) -> Field:
    *others, last = (f"--{name}" for name in names)
    return sentence(Code.AND, others=", ".join(others), last=last) if others else last


def _model_of(spec: JobSpec, limits: Limits) -> ModelCapabilities:
    name = str(spec.parameters.get("model", limits.default_model))
    return next((model for model in limits.models if model.name == name), ModelCapabilities(name=name))
