"""What every request is answered with: stores, limits, changes of jobs, and who waits for which job."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from aiohttp import web

from api.metrics import ApiMetrics
from api.store.submissions import OwnersPlan
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.hash_list import BarredPictures
from engine.prompt import Limits
from engine.store.api_keys import ApiKey
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.operator_jobs import JobChanges


@dataclass(frozen=True, kw_only=True, eq=False)
class ApiServices:
    """What the endpoints share.

    stop: set when the process is to end; whoever waits is told to come again. public_url: the address under which
    clients reach the API, for links; None for the one that they ask at. takes_members_keys: whether keys that members
    have made for themselves are valid. waiting: how many requests wait for each job.
    owners_plan: what holds for members whose own keys are used; None for the limits of the keys alone.
    barred: pictures that are not taken. credentials: what pictures are signed with.
    decoding: held while a picture that was sent is decoded, which takes up to half a gigabyte.
    """

    database: Database
    objects: Objects
    limits: Limits
    metrics: ApiMetrics
    changes: JobChanges = field(default_factory=JobChanges)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    public_url: str | None = None
    takes_members_keys: bool = False
    owners_plan: OwnersPlan | None = None
    waiting: Counter[UUID] = field(default_factory=Counter)
    credentials: ContentCredentials = UNSIGNED
    barred: BarredPictures = field(default_factory=BarredPictures)
    decoding: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, kw_only=True, eq=False)
class ApiCall:
    """A request of a key.

    masks: files by their keys that it has stored, and that no job names yet.
    """

    request: web.Request
    services: ApiServices
    key: ApiKey
    masks: dict[str, bytes] = field(default_factory=dict)

    @property
    def member_id(self) -> UUID:
        """Who the key's jobs belong to."""
        return self.key.member_id

    def address(self, path: str) -> str:
        """Return the whole address of a path of the API."""
        return f"{self.services.public_url or self.request.url.origin()}{path}"

    def id(self) -> UUID | None:
        """Return the id in the path; None if it is none."""
        try:
            return UUID(self.request.match_info["id"])
        except ValueError:
            return None
