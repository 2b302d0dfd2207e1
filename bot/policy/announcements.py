"""What an operator can announce."""

from __future__ import annotations

MAX_TEXT = 1700
"""In UTF-16 units, as Discord counts: so much that the sentences around it fit into the message as well."""


def text_length(text: str) -> int:
    """Return the length of an announcement as Discord counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
