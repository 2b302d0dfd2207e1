"""What a supervised process leaves to its parent to say."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from easel.process.child import left_to_parent
from engine.contract.errors import DatabaseUnusable, EaselError, SchemaNewer, SchemaOutdated

NEWER = SchemaNewer(revision="9999", release=None, newest="0001", own_release="Easel 1.0")
OLDER = SchemaOutdated(revision=None, missing=("0001",), release=None, own_release="Easel 1.0")


@pytest.mark.parametrize("error", [NEWER, OLDER])
async def test_a_schema_is_said_once(error: EaselError) -> None:
    """`easel run` and its engine open the embedded Postgres side by side: the engine waits to be stopped, silently."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    async with left_to_parent(stop):
        raise error


async def test_what_the_parent_does_not_say_is_raised() -> None:
    """An engine that starts again finds a newer schema alone, and one without a parent does not wait."""
    for stop, error in [(asyncio.Event(), NEWER), (None, NEWER), (asyncio.Event(), DatabaseUnusable(problems=()))]:
        with pytest.raises(type(error)):
            async with left_to_parent(stop, timedelta(0)):
                raise error
