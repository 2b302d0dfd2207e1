"""Pages of found jobs: nothing is left out and nothing comes twice, wherever a look at the newest ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.finding import pages, slices
from bot.store.finding.pages import Asker, find_page
from bot.store.finding.wanted import Wanted, json_from_wanted, wanted_from_json
from bot.store.ranking.grids import Place
from engine.store.database import Database

MEMBER = UUID(int=1)
_ADD_JOBS = sa.text("""
    INSERT INTO jobs (id, member_id, operation, spec, seed, turn, status, ended_at, grid_key, grid_type)
    SELECT rpad(lpad(to_hex(number + 1), 8, '0'), 32, '0')::uuid, :member_id, 'imagine',
        jsonb_build_object('prompt', CASE WHEN number % 2 = 0 THEN 'even' ELSE 'odd' END
            || CASE WHEN number IN (0, 7) THEN ' rare' ELSE '' END),
        1, 1, 'finished', now(), 'k' || number, 'image/webp' FROM generate_series(0, 59) AS number
""")
_ADD_DELIVERIES = sa.text("""
    INSERT INTO deliveries (id, kind, job_id, member_id, press_id, ordinal, channel_id, message_id, state, closed_at,
        surface, is_nsfw_channel, guild_id)
    SELECT gen_random_uuid(), 'grid', id, member_id, id::text, 0, (ARRAY[1, 1, 1, 1, 2, 3])[1 + number % 6],
        number + 1, 'delivered', now(), 'guild', number % 6 = 5, 9
    FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM jobs) AS numbered
""")


@pytest.fixture
async def connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncConnection]:
    """Sixty jobs, of which every sixth is in the channel 2, every sixth in the restricted 3, and the others in 1."""
    monkeypatch.setattr(pages, "_WALKED", 16)
    monkeypatch.setattr(pages, "_WALKED_FOR_WORDS", 12)
    monkeypatch.setattr(pages, "_MIN_OF_CHANNEL", 4)
    monkeypatch.setattr(pages, "_MAX_INDEXED", 5)
    monkeypatch.setattr(slices, "_MAX_IN_SLICE", 1)
    async with database.begin() as opened:
        await opened.execute(sa.text("INSERT INTO members (id, discord_id) VALUES (:id, 5)"), {"id": MEMBER})
        await opened.execute(_ADD_JOBS, {"member_id": MEMBER})
        await opened.execute(_ADD_DELIVERIES)
        yield opened


async def all_pages(connection: AsyncConnection, wanted: Wanted, place: Place) -> tuple[list[int], int]:
    """Return the numbers of the jobs on all pages, and how many pages there are."""
    found, start = list[int](), None
    for number in range(1, 100):
        page = await find_page(connection, wanted, Asker(member_id=MEMBER, place=place), start)
        found += [(job_id.int >> 96) - 1 for job_id in page.job_ids]
        start = page.next_start
        if start is None:
            return found, number
    raise AssertionError("the pages have no end")


NOWHERE = Place(channel_ids=(), is_nsfw=False)


def is_in(number: int, channels: Sequence[int]) -> bool:
    """Return whether the job is in one of the channels."""
    return (1, 1, 1, 1, 2, 3)[number % 6] in channels


@pytest.mark.parametrize(
    ("words", "fitting"),
    [
        (None, range(60)),
        ("even", range(0, 60, 2)),
        ("rare", (0, 7)),
        ("rare odd", (7,)),
        ("nothing", ()),
        ("-even", range(1, 60, 2)),
    ],
)
@pytest.mark.parametrize(("channels", "is_nsfw", "seen"), [((1, 2, 3), False, (1, 2)), ((2, 3), True, (2, 3))])
async def test_every_job_is_on_one_page(
    connection: AsyncConnection,
    words: str | None,
    fitting: Sequence[int],
    channels: tuple[int, ...],
    is_nsfw: bool,
    seen: tuple[int, ...],
) -> None:
    """Own ones, and those of a server that are in the channels and fit the place."""
    own, _ = await all_pages(connection, Wanted(words=words), NOWHERE)
    assert own == sorted(fitting, reverse=True)
    place = Place(channel_ids=channels, is_nsfw=is_nsfw)
    of_server, _ = await all_pages(connection, Wanted(words=words, is_of_server=True), place)
    assert of_server == [number for number in sorted(fitting, reverse=True) if is_in(number, seen)]


async def test_rare_words_take_no_more_pages_than_they_fill(connection: AsyncConnection) -> None:
    """They are looked up; what has no index is found page by page, some of them with nothing."""
    assert await all_pages(connection, Wanted(words="rare"), NOWHERE) == ([7, 0], 1)
    found, num_pages = await all_pages(connection, Wanted(model="none"), NOWHERE)
    assert (found, num_pages) == ([], 4)


@pytest.mark.parametrize("patience", [timedelta(minutes=1), timedelta()])
async def test_what_only_old_prompts_have_is_found_from_slice_to_slice(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch, patience: timedelta
) -> None:
    """Without time for slices, page by page among the newest."""
    monkeypatch.setattr(slices, "PATIENCE", patience)
    old = sa.text("UPDATE jobs SET spec = jsonb_build_object('prompt', 'old') WHERE id < :end")
    await connection.execute(old.bindparams(end=UUID(int=20 << 96)))
    found, num_pages = await all_pages(connection, Wanted(words="old"), NOWHERE)
    assert found == [*range(18, -1, -1)] and (num_pages == 4 or not patience)
    everywhere = Place(channel_ids=(1, 2, 3), is_nsfw=True)
    found, _ = await all_pages(connection, Wanted(words="old", is_of_server=True), everywhere)
    assert found == [*range(18, -1, -1)]


async def test_where_no_channel_is_seen_nothing_is_found(connection: AsyncConnection) -> None:
    assert await all_pages(connection, Wanted(is_of_server=True), NOWHERE) == ([], 1)
    assert await all_pages(connection, Wanted(is_of_server=True, words="rare"), NOWHERE) == ([], 1)


async def test_private_jobs_are_found_by_their_owner_alone(connection: AsyncConnection) -> None:
    await connection.execute(sa.text("UPDATE jobs SET visibility = 'private' WHERE spec ->> 'prompt' LIKE 'odd%'"))
    place = Place(channel_ids=(1, 2, 3), is_nsfw=True)
    assert await all_pages(connection, Wanted(is_of_server=True, words="odd"), place) == ([], 1)
    assert await all_pages(connection, Wanted(is_of_server=True, words="rare"), place) == ([0], 1)
    of_server, _ = await all_pages(connection, Wanted(is_of_server=True), place)
    assert of_server == list(range(58, -1, -2))
    own, _ = await all_pages(connection, Wanted(words="rare"), NOWHERE)
    assert own == [7, 0]


def test_what_is_wanted_is_kept_as_it_is() -> None:
    day = datetime(2026, 2, 3, tzinfo=UTC).date()
    wanted = Wanted(is_of_server=True, words="a", model="m", rating=3, since=day, until=day)
    assert wanted_from_json(json_from_wanted(wanted)) == wanted
    assert wanted_from_json(json_from_wanted(Wanted())) == Wanted()
    assert (wanted.end.int - wanted.first.int) >> 80 == timedelta(days=1) / timedelta(milliseconds=1)
