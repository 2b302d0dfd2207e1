"""Inserts a hash into an entry of the registry file and leaves all other text unchanged."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

_BYTE_ORDER_MARK = "\ufeff"
_BARE = re.compile("[A-Za-z0-9_-]+")


def text_from_key(key: str) -> str:
    """Return a key in TOML syntax, quoted only if necessary."""
    return key if _BARE.fullmatch(key) else quoted(key)


def quoted(value: str) -> str:
    """Return the value as a TOML string; JSON strings are valid TOML."""
    return json.dumps(value, ensure_ascii=False)


def text_with_hash(text: str, table: str, name: str, sha256: str, key: str = "sha256") -> str | None:
    """Return the file's text with the entry's hash, under `key`, inserted or replaced; None if that is not possible.

    A byte order mark at its beginning stays there.

    Guarantees: except for the hash, the text parses to the same data. Each possible position is tried until it does,
    because TOML has several syntaxes for an entry, and strings can contain text that looks like one.
    """
    if text.startswith(_BYTE_ORDER_MARK):
        edited = text_with_hash(text.removeprefix(_BYTE_ORDER_MARK), table, name, sha256, key)
        return None if edited is None else _BYTE_ORDER_MARK + edited
    try:
        data = tomllib.loads(text)
        entry = data[table][name]
        before, entry[key] = entry.get(key, ""), sha256
    except (tomllib.TOMLDecodeError, LookupError, RecursionError, TypeError, AttributeError):
        return None
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        for changed in _changed(line, table, name, before, sha256, key):
            edited = "".join((*lines[:at], changed, *lines[at + 1 :]))
            if _reads_as(edited, data):
                return edited
    return None


def _changed(line: str, table: str, name: str, before: str, sha256: str, key: str) -> Iterator[str]:
    """Yield the line with the hash, once for each syntax in which it could belong there."""
    setting, end = f'{key} = "{sha256}"', "\r\n" if line.endswith("\r\n") else "\n"
    if before and before in line:
        yield line.replace(before, sha256)
    if name in line.partition("=")[0]:
        # [models.name], name.family = "sd1" and models.name.family = "sd1"
        yield f"{line}{setting}{end}"
        yield f"{text_from_key(name)}.{setting}{end}{line}"
        yield f"{table}.{text_from_key(name)}.{setting}{end}{line}"
    for brace in re.finditer(r"\{ *", line if name in line else ""):
        # name = { family = "sd1" }
        yield f"{line[: brace.start()]}{{ {setting}, {line[brace.end() :]}"


def _reads_as(text: str, data: dict[str, object]) -> bool:
    try:
        return tomllib.loads(text) == data
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
