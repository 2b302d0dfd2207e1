"""Notes on a job that is painted all the same: what its prompt contradicts, and what its model does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.contract.jobs import JobSpec, Operation, Part
from engine.prompt.errors import quoted
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.subjects import Words, contains, has_subject, plain_text, words_of

_ON_A_PART = frozenset({Operation.INPAINT, Operation.ZOOM, Operation.PAN})
_ON_A_PICTURE = _ON_A_PART | {Operation.VARY}
_ASKS_FOR_PROMPTS = frozenset({Operation.DESCRIBE, Operation.SHORTEN})
"""They paint nothing, and what stands for the prompt of a picture is no word of the member's."""
_FOR_NEW_GRIDS = ("best", "video", "interpolate", "strength", "control", "control-weight")
_WITHOUT_EFFECT = {"interpolate": ("chaos", "best", "video", "sameseed"), "video": ("best",)}
"""What a kind of result leaves out: a film shows all pictures, and its frames lie between two ends, of one noise."""


def notes_on(spec: JobSpec, limits: Limits, operation: Operation = Operation.IMAGINE) -> tuple[str, ...]:
    """Return a sentence or two for each thing that the member should know about the job; usually none."""
    wanted = [words_of(part.text) for part in spec.parts if part.weight > 0]
    model = _model_of(spec, limits)
    return (
        *_contradiction(spec.parts, wanted),
        *(_unknown_subjects(wanted, model) if operation not in _ASKS_FOR_PROMPTS else ()),
        *_missing_style(spec, model),
        *_without_effect(spec, operation),
        *_unread_pictures(spec, model, operation),
    )


def _contradiction(parts: Sequence[Part], wanted: Sequence[Words]) -> Iterator[str]:
    excluded = [item.strip() for part in parts if part.weight < 0 for item in plain_text(part.text).split(",")]
    both = [item for item in dict.fromkeys(excluded) if any(contains(words, words_of(item)) for words in wanted)]
    if both:
        named = ", ".join(f'"{quoted(item)}"' for item in both)
        pronoun = "it" if len(both) == 1 else "them"
        yield f"The prompt asks for {named} and excludes {pronoun} too. Remove one of the two."


def _unknown_subjects(wanted: Sequence[Words], model: ModelCapabilities) -> Iterator[str]:
    known = model.vocabulary
    if known and wanted and not any(has_subject(words, known) for words in wanted):
        yield (
            f"The model {model.name} paints {known.paints}: {', '.join(known.words)}. Your prompt has none of them."
            " For anything else, install a real model with easel models add."
        )


def _missing_style(spec: JobSpec, model: ModelCapabilities) -> Iterator[str]:
    asked = [name for name in ("stylize", "style") if name in spec.parameters]
    if asked and model.style == "":
        yield f"No style of the community has been trained for {model.name} yet, so --{asked[0]} changes nothing."


def _without_effect(spec: JobSpec, operation: Operation) -> Iterator[str]:
    """Yield what changes nothing, because of the operation or of another parameter."""
    ignored = _FOR_NEW_GRIDS if operation in _ON_A_PICTURE else ()
    if found := [name for name in ignored if name in spec.parameters]:
        yield f"{_listed(found)} nothing here, only in new grids."
    if operation in _ON_A_PART and "tile" in spec.parameters:
        yield "--tile changes nothing here: what is painted ends at the picture that is kept."
    if operation is not Operation.IMAGINE:
        return
    film = next((name for name in _WITHOUT_EFFECT if name in spec.parameters), "")
    if found := [name for name in _WITHOUT_EFFECT.get(film, ()) if name in spec.parameters]:
        yield f"{_listed(found)} nothing with --{film}."


def _unread_pictures(spec: JobSpec, model: ModelCapabilities, operation: Operation) -> Iterator[str]:
    if spec.images and operation in _ON_A_PICTURE and model.reads_pictures is False:
        yield f"Pictures in the prompt change nothing here: {model.name} has no IP-Adapter that reads them."


def _listed(names: Sequence[str]) -> str:
    *others, last = (f"--{name}" for name in names)
    return f"{', '.join(others)} and {last} change" if others else f"{last} changes"


def _model_of(spec: JobSpec, limits: Limits) -> ModelCapabilities:
    name = str(spec.parameters.get("model", limits.default_model))
    return next((model for model in limits.models if model.name == name), ModelCapabilities(name=name))
