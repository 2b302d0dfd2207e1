"""Whether peft takes what an adapter's metadata says; imports peft, and with it torch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from peft import LoraConfig

from engine.models.files.adapter_settings import KEY, adapter_settings


def unknown_settings(header: Mapping[str, Any]) -> str | None:
    """Return the settings in an adapter's header that peft does not know, and fails on, as an end of a sentence."""
    known = inspect.signature(LoraConfig.__init__).parameters
    names = sorted(name for name in adapter_settings(header) if name.partition(".")[2] not in known)
    return f"its metadata {KEY} sets {', '.join(names)}, which the installed peft does not know" if names else None
