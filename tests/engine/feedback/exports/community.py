"""A small community for tests of exports: members with consent, painted jobs, and presses on them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import sqlalchemy as sa
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.store.consents import ConsentChoice, store_choices
from bot.store.members import read_publishing_ids
from bot.store.tables import members
from engine.contract.edits import Edit
from engine.contract.feedback import Consent, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Picture
from engine.feedback.exports.request import ExportRequest
from engine.feedback.records import NOT_ASKED, Action, Impression, ImpressionKind, PromptOrigin
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.feedback.store.actions import append_actions
from engine.feedback.store.impressions import append_impression
from engine.feedback.store.months import first_press
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.objects import Objects
from engine.store.tables import jobs, pictures
from engine.store.transitions import finish_job, start_job
from tests.fakes import request_for

FIRST_PRESS = first_press(datetime.now(UTC).date()) + 10**6
# What Discord knows members by.
FIRST_SNOWFLAKE = 301_234_567_890_123_456
PRESSED_AT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A finished job, and the message that showed its pictures."""

    job_id: UUID
    member_id: UUID
    prompt: str
    pictures: Sequence[Picture]
    impression: Impression


@dataclass(kw_only=True)
class SmallCommunity:
    """Writes members, jobs and presses to a database."""

    database: Database
    objects: Objects
    presses: int = 0
    choices: int = 0
    guild_id: int | None = None
    seed: int = 0
    model: str = "fake"
    snowflakes: list[int] = field(default_factory=list)

    async def join(self, consent: Consent) -> UUID:
        """Add a member with this consent in force now."""
        member_id, snowflake = new_id(), FIRST_SNOWFLAKE + len(self.snowflakes)
        self.snowflakes.append(snowflake)
        async with self.database.begin() as connection:
            await connection.execute(sa.insert(members), {"id": member_id, "discord_id": snowflake})
        await self.agree(member_id, consent)
        return member_id

    async def agree(self, member_id: UUID, consent: Consent) -> None:
        """Let a member choose what they agree to."""
        self.choices += 1
        choice = ConsentChoice(
            press_id=FIRST_PRESS + self.choices,
            member_id=member_id,
            version=1,
            may_train=consent is not Consent.USE,
            may_publish=consent is Consent.PUBLISH,
            at=PRESSED_AT,
        )
        async with self.database.begin() as connection:
            await store_choices(connection, [choice])

    async def paint(
        self,
        member_id: UUID,
        prompt: str,
        *,
        parent: Painted | None = None,
        origin: PromptOrigin = PromptOrigin.COMMAND,
        is_nsfw: bool = False,
        num_pictures: int = 2,
        edit: Edit | None = None,
    ) -> Painted:
        """Store a finished job, delivered to a channel."""
        source = None if parent is None else (parent.job_id, parent.pictures[0].id)
        request = replace(request_for(member_id, prompt, seed=self.seed, parent=source), edit=edit)
        pictures = [await self._picture(request.id, slot) for slot in range(num_pictures)]
        impression = Impression(
            id=new_id(),
            kind=ImpressionKind.GRID,
            message_id=FIRST_SNOWFLAKE - 1,
            job_id=request.id,
            member_id=member_id,
            pictures=tuple(shown_from_picture(picture) for picture in pictures),
            prompt_hash=hash_of_prompt(request.spec),
            prompt_source=origin,
            parent_job_id=request.parent_job_id,
            parent_picture_id=request.parent_picture_id,
            operation=request.operation.value,
            surface=Surface.GUILD,
            is_nsfw_channel=is_nsfw,
            ui_version=1,
            consent=NOT_ASKED,
            shown_at=PRESSED_AT,
            guild_id=self.guild_id,
        )
        async with self.database.begin() as connection:
            await submit_job(connection, request)
            assert await start_job(connection, request.id) is not None
            await finish_job(connection, request.id, pictures, await self.objects.put(b"grid", ".jpg"), "image/jpeg")
            await append_impression(connection, impression)
        return Painted(job_id=request.id, member_id=member_id, prompt=prompt, pictures=pictures, impression=impression)

    async def hide(self, painted: Painted) -> None:
        """Make the job private."""
        async with self.database.begin() as connection:
            await connection.execute(sa.update(jobs).where(jobs.c.id == painted.job_id).values(visibility="private"))

    async def mark_unsafe(self, painted: Painted) -> None:
        """Have a classifier find its pictures unsafe."""
        async with self.database.begin() as connection:
            own = sa.update(pictures).where(pictures.c.job_id == painted.job_id)
            await connection.execute(own.values(unsafe_score=0.1))

    async def make_film(self, painted: Painted) -> None:
        """Have its pictures be the first frames of films."""
        film = {"film": {"frames": 16, "fps": 8}}
        async with self.database.begin() as connection:
            own = sa.update(pictures).where(pictures.c.job_id == painted.job_id)
            await connection.execute(own.values(recipe={**painted.pictures[0].recipe, **film}))

    async def press(
        self,
        painted: Painted,
        slot: int | None,
        by: UUID,
        verb: Verb = Verb.UPSCALE,
        value: int | None = None,
        latency: timedelta = timedelta(seconds=5),
    ) -> None:
        """Store a press about a picture, or about all that were shown, so long after these."""
        self.presses += 1
        action = Action(
            press_id=FIRST_PRESS + self.presses,
            impression_id=painted.impression.id,
            message_id=painted.impression.message_id,
            job_id=painted.job_id,
            member_id=by,
            is_owner=by == painted.member_id,
            verb=verb,
            slot=slot,
            picture_id=None if slot is None else painted.pictures[slot].id,
            value=value,
            choice=None,
            variation=None,
            replaces=None,
            shown=tuple(Shown(picture_id=picture.id, slot=picture.slot) for picture in painted.pictures),
            model=self.model,
            model_hash=None,
            surface=Surface.GUILD,
            latency=latency,
            consent=NOT_ASKED,
            at=PRESSED_AT,
            guild_id=self.guild_id,
        )
        async with self.database.begin() as connection:
            await append_actions(connection, [action])

    def png_of_seed(self, seed: int) -> bytes:
        """Return a small picture with text in it, another one for each seed."""
        buffer, info = io.BytesIO(), PngInfo()
        info.add_text("parameters", f"painted for {FIRST_SNOWFLAKE}")
        Image.new("RGB", (8, 8), (seed & 255, seed >> 8 & 255, 0)).save(buffer, "PNG", pnginfo=info)
        return buffer.getvalue()

    async def _picture(self, job_id: UUID, slot: int) -> Picture:
        self.seed += 1
        key = await self.objects.put(self.png_of_seed(self.seed), ".png")
        recipe = {"model": self.model, "loras": [["ink", 0.8]], "steps": 20, "guidance": 7.5, "sampler": "euler"}
        return Picture(
            id=new_id(), job_id=job_id, slot=slot, object_key=key, width=8, height=8, seed=self.seed, recipe=recipe
        )


def request_to(folder: Path, **bounds: Any) -> ExportRequest:
    """Return a request with the bot's own consents, and the bounds given."""
    given = {"read_publishers": read_publishing_ids, "split_seed": 1, "report": lambda done, total: None, **bounds}
    return ExportRequest(folder=folder, **given)


def rows_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each split that has one shard."""
    shards = sorted((folder / "data").iterdir())
    return {shard.name.split("-")[0]: pq.read_table(shard).to_pylist() for shard in shards}


def all_bytes_of(folder: Path) -> bytes:
    """Return every byte of the files, and of the tables as they are read, which files hold compressed."""
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return files + repr(rows_of(folder)).encode()
