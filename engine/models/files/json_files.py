"""Reads the JSON files of models, and says what is wrong with one in words that name the file and the key."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_MOST_SHOWN = 60
# Larger files are vocabularies, in which nothing is looked for but their form.
_MOST_SEARCHED = 1_000_000


def object_in(file: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file, which may begin with a byte order mark.

    Infinite numbers are accepted, because schedulers of diffusers write them.

    Raises: OSError; ValueError for what is not JSON, no object, nested too deeply, NaN, or sets a key to two values.
    """
    return object_from(file.read_bytes())


def object_from(data: bytes) -> Mapping[str, Any]:
    """Return the object that is written in these bytes.

    Raises: ValueError, as `object_in`.
    """
    is_small = len(data) <= _MOST_SEARCHED
    try:
        content = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once if is_small else dict)
        nan = next(_nans(content, ()), None) if is_small else None
    except UnicodeDecodeError as error:
        raise ValueError("its encoding is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError(f"it must be a JSON object, not {shown(content)}")
    if nan is not None:
        raise ValueError(f"{nan} is NaN, which is not a number")
    return content


def leaves_of(value: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value in a configuration that is no list and no object, with the name of its setting."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves_of(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves_of(item, name)
    else:
        yield name, value


def shown(value: object) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content and content[key] != value:
            raise ValueError(f"it sets {key} twice, to {shown(content[key])} and to {shown(value)}")
        content[key] = value
    return content


def _nans(value: object, path: tuple[str, ...]) -> Iterator[str]:
    """Yield where there is NaN."""
    if isinstance(value, float) and math.isnan(value):
        yield ".".join(path)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _nans(item, (*path, str(key)))
