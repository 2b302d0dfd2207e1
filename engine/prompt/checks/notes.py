"""Notes on a job that is painted all the same: what its prompt contradicts, and what its model does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.contract.jobs import JobSpec, Part
from engine.prompt.errors import quoted
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.subjects import Words, contains, has_subject, plain_text, words_of


def notes_on(spec: JobSpec, limits: Limits) -> tuple[str, ...]:
    """Return a sentence or two for each thing that the member should know about the job; usually none."""
    wanted = [words_of(part.text) for part in spec.parts if part.weight > 0]
    model = _model_of(spec, limits)
    return (
        *_contradiction(spec.parts, wanted),
        *_unknown_subjects(wanted, model),
        *_missing_style(spec, model),
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


def _model_of(spec: JobSpec, limits: Limits) -> ModelCapabilities:
    name = str(spec.parameters.get("model", limits.default_model))
    return next((model for model in limits.models if model.name == name), ModelCapabilities(name=name))
