"""The API on a real Postgres and picture store, with an engine whose painter is a fake, and OpenAI's own client.

Every answer that the clients get is held to the description that the API serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest
from openai import AsyncOpenAI
from prometheus_client import CollectorRegistry

from api.serve import ApiOptions, serve
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.jobs import Operation
from engine.contract.painting import Painter
from engine.prompt import Limits, ModelCapabilities, SizeLimits, StepLimits
from engine.store.api_keys import ApiKey, KeyOptions, create_key
from engine.store.database import Database
from engine.store.objects import Objects
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics
from tests.api.described import Description, read_description
from tests.engine.certificates import make_credentials
from tests.engine.worker.conftest import QUICK
from tests.fakes import FakePainter

MODEL = ModelCapabilities(
    name="fake",
    operations=tuple(Operation),
    step_limits=StepLimits(default=20, sampler="euler", maximum=30),
)
OTHER = ModelCapabilities(name="other", operations=(Operation.IMAGINE,))
NARROW = ModelCapabilities(
    name="narrow",
    operations=(Operation.IMAGINE, Operation.INPAINT),
    size_limits=SizeLimits(square=8, multiple=8, min_side=8, max_side=8),
)
LIMITS = Limits(models=(OTHER, MODEL, NARROW), default_model="fake", adapters=("ink",))


@dataclass(kw_only=True)
class RunningApi:
    """A running API with its painter, and what clients of it need."""

    url: str
    database: Database
    objects: Objects
    painter: FakePainter
    stop: asyncio.Event
    description: Description
    http: aiohttp.ClientSession
    keys: int = 0
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    async def key(self, options: KeyOptions | None = None) -> tuple[ApiKey, str]:
        """Return a new key and its secret."""
        self.keys += 1
        chosen = replace(options or KeyOptions(name=""), name=f"key {self.keys}")
        async with self.database.begin() as connection:
            created = await create_key(connection, chosen)
        assert created is not None
        return created

    def client(self, secret: str, *, timeout: timedelta = timedelta(minutes=5), max_retries: int = 2) -> AsyncOpenAI:
        """Return OpenAI's client, unmodified; its answers are checked as they come in."""
        http = httpx2.AsyncClient(event_hooks={"response": [self.description.check_response]})
        self.clients.append(http)
        return AsyncOpenAI(
            base_url=f"{self.url}/v1",
            api_key=secret,
            timeout=timeout.total_seconds(),
            max_retries=max_retries,
            http_client=http,
        )

    async def ask(
        self, method: str, path: str, secret: str = "", **options: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return the status, the JSON and the headers of an answer, held to the description."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        given: dict[str, str] = options.pop("headers", {})
        url = self.url + path
        async with self.http.request(method, url, headers=headers | given, **options) as answer:
            data = await answer.json()
            self.description.check(method, answer.url.path, answer.status, data)
            return answer.status, data, dict(answer.headers)


@asynccontextmanager
async def running_engine(
    database: Database, objects: Objects, painter: Painter, options: WorkerOptions = QUICK
) -> AsyncIterator[None]:
    """Run an engine until the block ends."""
    stop, force_stop = asyncio.Event(), asyncio.Event()
    work = run_worker(
        database=database,
        objects=objects,
        painter=painter,
        metrics=create_metrics(CollectorRegistry()),
        options=options,
        stop=stop,
        force_stop=force_stop,
    )
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        stop.set()
        force_stop.set()
        await task


@pytest.fixture
async def api(
    request: pytest.FixtureRequest, database: Database, objects: Objects, tmp_path: Path
) -> AsyncIterator[RunningApi]:
    """The API and an engine.

    Its parameter says whether members' own keys are valid, which they are not without; or "signed", to have a key that
    signs pictures.
    """
    wanted = getattr(request, "param", None)
    made = make_credentials(tmp_path) if wanted == "signed" else None
    options = ApiOptions(
        address=("127.0.0.1", 0),
        health=("127.0.0.1", 0),
        home=tmp_path,
        limits=LIMITS,
        takes_members_keys=wanted is True,
        credentials=ContentCredentials(made.key, made.certificates) if made else UNSIGNED,
    )
    stop, painter, ready = asyncio.Event(), FakePainter(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(options, database, objects, stop=stop, announce_ready=ready.set_result))
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    engine = running_engine(database, objects, painter, replace(QUICK, adapters=tmp_path / "adapters"))
    async with engine, aiohttp.ClientSession() as http:
        url = await ready
        running = RunningApi(
            url=url,
            database=database,
            objects=objects,
            painter=painter,
            stop=stop,
            description=await read_description(http, url),
            http=http,
        )
        yield running
        painter.open.set()
        for client in running.clients:
            await client.aclose()
    stop.set()
    await serving


@pytest.fixture
async def secret(api: RunningApi) -> str:
    """The secret of a key that may do everything."""
    return (await api.key())[1]


@pytest.fixture
async def client(api: RunningApi, secret: str) -> AsyncOpenAI:
    """OpenAI's client with that key."""
    return api.client(secret)
