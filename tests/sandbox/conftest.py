"""Fixtures of the sandbox's tests: a sandbox held to Discord's description, a bare bot, and members."""

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
    """What compares requests and answers with the description; without it `test_openapi` is skipped by name."""
    return OpenApiRecorder()


def observers(recorder: OpenApiRecorder) -> tuple[()] | tuple[object]:
    """Return the recorder's middleware, none when the description is absent."""
    return (recorder.observe,) if DESCRIPTION.exists() else ()


@pytest.fixture
async def sandbox(recorder: OpenApiRecorder) -> AsyncIterator[Sandbox]:
    """A sandbox that waits for answers; the test fails when anything differed from the description."""
    async with serve(clock=UnhurriedClock(), observers=observers(recorder)) as running:  # type: ignore[arg-type]
        yield running
    assert recorder.mismatches == []


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test moves."""
    return ManualClock()


@pytest.fixture
async def still_sandbox(recorder: OpenApiRecorder, clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A sandbox by `clock`."""
    async with serve(clock=clock, observers=observers(recorder)) as running:  # type: ignore[arg-type]
        yield running
    assert recorder.mismatches == []


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[RawBot]:
    """A bare bot on `sandbox`."""
    async with aiohttp.ClientSession() as http:
        yield RawBot(http, sandbox)


@pytest.fixture
async def ada(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Ada, administrator and owner."""
    async with member_client(sandbox.url, "ada") as somebody:
        yield somebody


@pytest.fixture
async def ben(sandbox: Sandbox) -> AsyncIterator[MemberClient]:
    """Ben, a plain member."""
    async with member_client(sandbox.url, "ben") as somebody:
        yield somebody
