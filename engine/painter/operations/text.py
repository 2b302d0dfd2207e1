"""Describe and shorten: their result is text, which `suggesting` makes; nothing is denoised."""

from __future__ import annotations

from engine.painter.operations.operation import PainterOperation

DESCRIBE = PainterOperation(needs_source=True, takes_images=True, start=None)
SHORTEN = PainterOperation(needs_source=False, start=None)
