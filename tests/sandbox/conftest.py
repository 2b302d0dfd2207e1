"""Fixtures: a sandbox validated against Discord's OpenAPI description, a raw bot, and members."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.chat.test_client import MemberClient, member_client
from sandbox.server import Sandbox, serve
from sandbox.state.clock import ManualClock
from tests.bot.clocks import UnhurriedClock
from tests.sandbox.openapi import DESCRIPTION, OpenApiRecorder
from tests.sandbox.raw_bot import RawBot


@pytest.fixture
def recorder() -> OpenApiRecorder:
    """Validates requests and responses against the description; without the file `test_openapi` is skipped."""
    return OpenApiRecorder()


def observers(recorder: OpenApiRecorder) -> tuple[()] | tuple[object]:
    """Return the recorder's middleware, none when the description is absent."""
    return (recorder.observe,) if DESCRIPTION.exists() else ()


@pytest.fixture
async def sandbox(recorder: OpenApiRecorder) -> AsyncIterator[Sandbox]:
    """A sandbox without response deadlines; the test fails on any mismatch with the description."""
    async with serve(clock=UnhurriedClock(), observers=observers(recorder)) as running:  # type: ignore[arg-type]
        yield running
    assert recorder.mismatches == []


@pytest.fixture
def clock() -> ManualClock:
    """A manual clock."""
    return ManualClock()


@pytest.fixture
async def still_sandbox(recorder: OpenApiRecorder, clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A sandbox on the manual clock."""
    async with serve(clock=clock, observers=observers(recorder)) as running:  # type: ignore[arg-type]
        yield running
    assert recorder.mismatches == []


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[RawBot]:
    """A raw bot on `sandbox`."""
    async with aiohttp.ClientSession() as http:
        yield RawBot(http, sandbox)


@pytest.fixture
async def ada(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Ada, administrator and owner."""
    async with member_client(sandbox.url, "ada") as somebody:
        yield somebody


@pytest.fixture
async def ben(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Ben, a member without extra permissions."""
    async with member_client(sandbox.url, "ben") as somebody:
        yield somebody


@pytest.fixture
async def cleo(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Cleo, another member without extra permissions."""
    async with member_client(sandbox.url, "cleo") as somebody:
        yield somebody
