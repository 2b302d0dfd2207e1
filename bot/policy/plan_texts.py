"""Limits of plans that are typed as texts: times and numbers, or that there is no limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.policy.plans import time_from_text
from bot.policy.training_quota import count_from_text

LIMIT_FROM_TEXT: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"per_day": time_from_text, "per_month": time_from_text, "trainings": count_from_text}
)
"""What reads the text of each limit, by its name in `Plan`; a RequestError says how it is written."""
