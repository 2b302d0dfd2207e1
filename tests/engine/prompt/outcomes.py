"""The outcome of a prompt with one job: its parameters, or its only error."""

from __future__ import annotations

from engine.prompt import PromptErrors, format_errors, parse


def values(text: str, **how: object) -> dict[str, object]:
    """Return the parameters of the job."""
    result = parse(text, **how)  # type: ignore[arg-type]
    assert not isinstance(result, PromptErrors), format_errors(result)
    return dict(result[0].parameters)


def error(text: str, **how: object) -> tuple[str, str]:
    """Return the underlined text of the only error, and its message."""
    result = parse(text, **how)  # type: ignore[arg-type]
    assert isinstance(result, PromptErrors), result
    (only,) = result.errors
    return only.source.text[only.start : only.end], f"{only.message} {only.suggestion}".strip()
