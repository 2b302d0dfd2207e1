"""The export formats: one file each, and the one table of them, by the name that `easel export` takes."""

from __future__ import annotations

from types import MappingProxyType

from engine.feedback.exports.raw import export_raw

FORMATS = MappingProxyType({"raw": export_raw})
