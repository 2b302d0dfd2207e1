"""The limits of prompts with the adapters that the models file has now, as those who paint take them over as well."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import structlog

from engine.contract.errors import EaselError
from engine.models.prompt_limits import read_limits
from engine.models.registry.followed import stamp_of
from engine.prompt import Limits, ModelCapabilities

_log = structlog.get_logger(__name__)


class FollowedLimits:
    """Limits that are read again when their file has changed; see `read_limits` for the options."""

    def __init__(self, models_file: Path, default_model: str | None, *, shows_unsafe: bool = False) -> None:
        self._file, self._default_model, self._shows_unsafe = models_file, default_model, shows_unsafe

    async def open(self) -> Limits:
        """Return the limits, read for the first time.

        Raises: SettingsInvalid, ModelUnknown.
        """
        self._stamp = await asyncio.to_thread(stamp_of, self._file)
        self._limits = await self._read()
        return self._limits

    async def look(self) -> Limits:
        """Return the limits as they are now; while the file is not valid, as they were."""
        stamp = await asyncio.to_thread(stamp_of, self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._limits = _with_adapters(self._limits, await self._read())
            except EaselError as error:
                _log.warning("models_file_not_read_again", path=str(self._file), cause=str(error))
        return self._limits

    async def _read(self) -> Limits:
        return await read_limits(self._file, self._default_model, shows_unsafe=self._shows_unsafe)


def _with_adapters(limits: Limits, read: Limits) -> Limits:
    """Return the limits with the adapters that were read; models stay those that engines have loaded."""
    by_name = {model.name: model for model in read.models}
    models = tuple(_with_style(model, by_name.get(model.name, model)) for model in limits.models)
    return replace(limits, models=models, adapters=read.adapters, adapter_files=read.adapter_files)


def _with_style(model: ModelCapabilities, read: ModelCapabilities) -> ModelCapabilities:
    return replace(model, style=read.style, incompatible_adapters=read.incompatible_adapters)
