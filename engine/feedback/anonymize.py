"""Anonymizes data: removes URLs, mentions, handles and long numbers from text, and renumbers members.

Nothing else is removed. Source: Discord's developer policy, rules 15 to 20, read 2026-11-21.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from engine.contract.provenance import PNG_KEY, PROVENANCE

# Where a word may begin is fixed in each, so that a text of one long word takes no longer than others.
_ADDRESS = re.compile(
    r"(?:(?<![a-z0-9+.-])[a-z0-9+.-]*://|www\.|cdn\.discord)\S*|\bdiscord(?:app)?\.(?:com|gg|net)/?\S*"
    # Without "https://", as people write them: the most frequent endings, and any before a path.
    r"|(?<![\w-])(?:[\w-]{1,63}\.){1,5}(?:(?:com|org|net|gg)\b\S*|[a-z]{2,3}/\S+)",
    re.IGNORECASE,
)
_MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w+:|/[^:>]+:|t:|id:)\w*(?::\w+)?>")
# Also as keyboards for Chinese and Japanese write it.
_HANDLE = re.compile(r"(?<!\S)\S*[@\uff20\ufe6b]\S*")
_SNOWFLAKE = re.compile(r"\d{17,20}")

# The hash of a file identifies nobody, whatever digits are in it.
_HASH = re.compile(r"[0-9a-f]{64}")

_TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})
# The same bytes in every picture.
_ORIGIN = PNG_KEY.encode() + bytes(5) + PROVENANCE
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def assign_member_numbers(members: Iterable[UUID], secret: bytes) -> dict[UUID, int]:
    """Return a number from 0 for each member, in an order that the secret makes.

    With a new one for each export, two exports cannot be joined by the numbers.
    """
    shuffled = sorted(members, key=lambda member: hmac.digest(secret, member.bytes, hashlib.sha256))
    return {member: number for number, member in enumerate(shuffled)}


def anonymize(value: Any) -> Any:
    """Return JSON-compatible data with every string except keys anonymized."""
    if isinstance(value, str):
        return _anonymize_text(value)
    if isinstance(value, Mapping):
        return {key: anonymize(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [anonymize(item) for item in value]
    return value


def strip_png_metadata(png: bytes) -> bytes:
    """Return the PNG without its text and Exif chunks, but for what says that a model made it; other data unchanged."""
    if not png.startswith(_SIGNATURE):
        return png
    # Runs of chunks that stay: pictures are large, and have many chunks in a row.
    kept, run, view = list[memoryview](), 0, memoryview(png)
    at = len(_SIGNATURE)
    for at, end in _chunks(view):
        if view[at + 4 : at + 8] in _TEXT_CHUNKS and view[at + 8 : end - 4] != _ORIGIN:
            kept.append(view[run:at])
            run = end
        at = end
    return png if run == 0 and at == len(png) else b"".join([*kept, view[run:at]])


def is_whole_png(data: bytes) -> bool:
    """Return whether the data is a PNG whose chunks all have the checksum that is written in them, up to the last."""
    view, last = memoryview(data), b""
    if not data.startswith(_SIGNATURE):
        return False
    for at, end in _chunks(view):
        if int.from_bytes(view[end - 4 : end], "big") != zlib.crc32(view[at + 4 : end - 4]):
            return False
        last = bytes(view[at + 4 : at + 8])
    return last == b"IEND"


def _chunks(png: memoryview) -> Iterator[tuple[int, int]]:
    """Yield where each chunk begins and ends, which may be beyond the data's own end."""
    at = len(_SIGNATURE)
    while at + 8 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        yield at, end
        at = end


def _anonymize_text(text: str) -> str:
    """Remove matches until none is left: what remains after a removal may join into another match."""
    before = text if _HASH.fullmatch(text) else None
    while text != before:
        before = text
        for pattern in (_ADDRESS, _MENTION, _HANDLE, _SNOWFLAKE):
            text = pattern.sub("", text)
    return text
