"""docs/exports.md lists every format and every reason for leaving something out."""

from __future__ import annotations

from pathlib import Path

from engine.feedback.exports import FORMATS
from engine.feedback.exports.published import Withheld

_TEXT = (Path(__file__).parents[4] / "docs" / "exports.md").read_text(encoding="utf-8")


def test_every_format_has_its_row() -> None:
    """What it holds, who reads it, and one line of how to load it, as the table of formats has them."""
    rows = [f"| `{name}` | {one.contents} | {one.readers} | `{one.load}` |" for name, one in FORMATS.items()]
    assert [row for row in rows if row not in _TEXT] == []


def test_every_reason_is_explained() -> None:
    table = _TEXT.split("| reason | meaning |")[1].split("\n\n")[0]
    assert [reason.value for reason in Withheld if f"`{reason.value}`" not in table] == []
