"""Notes on a job that is painted all the same: what its prompt contradicts, and what its model does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.contract.jobs import JobSpec, Part
from engine.prompt.errors import quoted
from engine.prompt.grammar.attention import parse_attention
from engine.prompt.limits import Limits, ModelCapabilities, Vocabulary

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_DETERMINERS = frozenset({"a", "an", "the", "one", "two", "three", "four", "some", "many"})
_MAX_SUGGESTED = 200


def notes_on(spec: JobSpec, limits: Limits) -> tuple[str, ...]:
    """Return a sentence or two for each thing that the member should know about the job; usually none."""
    wanted = [_words(part.text) for part in spec.parts if part.weight > 0]
    model = _model_of(spec, limits)
    return (
        *_contradiction(spec.parts, wanted),
        *_unknown_subjects(wanted, model),
        *_blended_subjects(spec.parts, model),
    )


def _contradiction(parts: Sequence[Part], wanted: Sequence[Words]) -> Iterator[str]:
    excluded = [item.strip() for part in parts if part.weight < 0 for item in _plain(part.text).split(",")]
    both = [item for item in dict.fromkeys(excluded) if any(_contains(words, _words(item)) for words in wanted)]
    if both:
        named = ", ".join(f'"{quoted(item)}"' for item in both)
        pronoun = "it" if len(both) == 1 else "them"
        yield f"The prompt asks for {named} and excludes {pronoun} too. Remove one of the two."


def _unknown_subjects(wanted: Sequence[Words], model: ModelCapabilities) -> Iterator[str]:
    known = model.vocabulary
    if known and not any(_has_subject(words, known) for words in wanted):
        yield (
            f"The model {model.name} paints {known.paints}: {', '.join(known.words)}. Your prompt has none of them."
            " For anything else, install a real model with `easel models add`."
        )


def _blended_subjects(parts: Sequence[Part], model: ModelCapabilities) -> Iterator[str]:
    """Tell how to get several subjects: a small model, taught pictures of all that a caption names, blends parts.

    Measured: 2026-11-29, the shipped starter, of 32 pictures of two things none shows both when they are parts, and 29
    when they are one part (engine/starter/weights/README.md).
    """
    known = model.vocabulary
    wanted = [_plain(part.text).strip() for part in parts if part.weight > 0]
    if known and sum(_has_subject(_words(text), known) for text in wanted) > 1:
        joined = quoted(" and ".join(map(_with_article, wanted)), _MAX_SUGGESTED)
        yield f'The model {model.name} blends parts into one thing. To get them side by side, write "{joined}".'


def _with_article(text: str) -> str:
    first = _words(text)[:1]
    is_plural = text.endswith("s") and not text.endswith("ss")
    if is_plural or not first or first[0] in _DETERMINERS or first[0].isdigit():
        return text
    return f"{'an' if first[0][0] in 'aeiou' else 'a'} {text}"


def _has_subject(words: Words, known: Vocabulary) -> bool:
    return any(_contains(words, _words(name)) for subject, others in known.words.items() for name in (subject, *others))


def _model_of(spec: JobSpec, limits: Limits) -> ModelCapabilities:
    name = str(spec.parameters.get("model", limits.default_model))
    return next((model for model in limits.models if model.name == name), ModelCapabilities(name=name))


def _plain(text: str) -> str:
    return "".join(words for words, _ in parse_attention(text))


def _words(text: str) -> Words:
    return tuple(_WORD.findall(_plain(text).lower()))


def _contains(words: Words, phrase: Words) -> bool:
    """Return whether the words of the phrase follow each other among the words, singular or plural."""
    last = len(words) - len(phrase) + 1
    return bool(phrase) and any(all(map(_is_same, words[at:], phrase)) for at in range(last))


def _is_same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or long in (f"{short}s", f"{short}es", f"{short[:-1]}ies")
