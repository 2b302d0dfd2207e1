"""The whole loop on the starter: votes by presses, learning, blind pairs, a promotion by a press, and the way back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bot.store.ranking.tables import rank_grids
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, ParameterValue, Part
from engine.contract.painting import PaintedPictures, Painter, PaintRequest
from engine.feedback.splits import Split, cluster_of_caption, split_of_cluster
from engine.models.registry.registry import SHIPPED
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import supervise
from engine.starter import WEIGHTS
from engine.store.database import Database
from engine.store.tables import pictures
from sandbox import server
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_compare import after, agree, asks, pairs_shown
from tests.bot.clocks import UnhurriedClock
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.bot.test_adapter_questions import is_question
from tests.bot.test_moderation import CHANNEL
from tests.easel.command import CommandResult, run_easel

NUM_SEEN, NUM_HELD_OUT = 36, 7
COLOURS = ("red", "green", "blue", "black", "white", "yellow", "purple", "orange", "grey", "brown")
THINGS = ("cat", "dog", "horse", "fish", "mouse", "lion", "whale", "crow", "house", "tree", "boat", "cup")
WATCH = ("--votes", "40", "--steps", "4", "--prompts", "10", "--pairs", str(NUM_HELD_OUT), "--once")


class LeisurelyClock(UnhurriedClock):
    """The machine's time, and the seconds that members look at pictures before they press."""

    looked = timedelta()

    def now(self) -> datetime:
        """Return the time."""
        return super().now() + self.looked

    def look(self) -> None:
        """Let a member look at pictures for a while."""
        self.looked += timedelta(seconds=0.5)


@pytest.fixture
def clock() -> LeisurelyClock:
    """The time of the local Discord."""
    return LeisurelyClock()


@pytest.fixture
async def sandbox(clock: LeisurelyClock) -> AsyncIterator[Sandbox]:
    """A local Discord in which nobody presses in haste."""
    async with server.serve(clock=clock) as opened:
        yield opened


def prompts_of(*splits: Split) -> Iterator[str]:
    """Yield prompts that learning has in one of the splits."""
    for colour, thing in product(COLOURS, THINGS):
        prompt = f"a {colour} {thing}"
        if split_of_cluster(cluster_of_caption(prompt), 0) in splits:
            yield prompt


def chosen_prompts() -> list[str]:
    """Return enough prompts to learn from, and some that are held out of each split that judges."""
    seen = list(prompts_of(Split.TRAIN))[:NUM_SEEN]
    judged = [list(prompts_of(split)) for split in (Split.VALIDATION, Split.TEST)]
    held_out = [*judged[0][:3], *judged[1][: NUM_HELD_OUT - 3]]
    assert len(held_out) == NUM_HELD_OUT
    return [*seen, *held_out]


async def vote(
    ben: MemberClient, raters: list[MemberClient], hand: EngineHand, database: Database, clock: LeisurelyClock
) -> None:
    """Let Ben imagine every prompt, and one of the raters choose a picture of each grid."""
    for number, prompt in enumerate(chosen_prompts()):
        waiting = await ben.reply(await ben.command("imagine", prompt=prompt))
        job = (await hand.jobs())[-1]
        await hand.finish(job)
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        rater = raters[number % len(raters)]
        clock.look()
        pressed = await rater.press(grid, f"U{number // 2 % 4 + 1}")
        assert await rater.outcome(pressed) == "acknowledged"
    await agree(database)
    async with database.begin() as connection:
        # As if the starter had painted them.
        by_starter = pictures.c.recipe.concat(sa.literal({"model": "starter"}, pg.JSONB))
        await connection.execute(sa.update(pictures).values(recipe=by_starter))


async def prefer_the_adapter(member: MemberClient, database: Database) -> None:
    """Answer every blind pair for the picture that the log says was painted with the adapter."""
    message = await member.reply(await member.command("rank"))
    for _ in range(NUM_HELD_OUT):
        assert asks(message)
        sides = [bool(side.adapters) for side in (await pairs_shown(database))[-1].pictures]
        assert sorted(sides) == [False, True]
        message = await after(member, message, "Right" if sides[1] else "Left")


async def adapters_in_use(painter: Painter, **parameters: ParameterValue) -> dict[str, float]:
    """Return which adapters a prompt with these parameters is painted with now, and with how much of each."""
    spec = JobSpec(prompt="a red cat", parts=(Part(text="a red cat"),), parameters={"steps": 1, **parameters})
    request = PaintRequest(
        job_id=new_id(), member_id=new_id(), operation=Operation.IMAGINE, spec=spec, seed=7, num_pictures=1
    )
    events = [event async for event in painter.paint(request)]
    (done,) = [event for event in events if isinstance(event, PaintedPictures)]
    return dict(done.pictures[0].recipe["loras"])


@pytest.mark.timeout(1200)
async def test_votes_become_a_style_that_can_be_taken_back(
    start_bot: BotStarter,
    ada: MemberClient,
    ben: MemberClient,
    cleo: MemberClient,
    dora: MemberClient,
    hand: EngineHand,
    database: Database,
    database_url: str,
    storage_url: str,
    tmp_path: Path,
    clock: LeisurelyClock,
) -> None:
    """Nobody is asked before members have judged; an administrator's press promotes, and one command takes it back.

    An engine that has painted before paints with it from its next picture on.
    """
    models = tmp_path / "models.toml"
    models.write_text(SHIPPED.read_text().replace("../../starter/weights", str(WEIGHTS)))
    given = {"EASEL_MODELS_FILE": str(models), "DATABASE_URL": database_url, "EASEL_STORAGE_URL": storage_url}

    async def easel(*arguments: str) -> CommandResult:
        done = await run_easel(*arguments, home=tmp_path / "home", **given)
        assert done.code == 0, done.err
        return done

    async def watch() -> list[str]:
        done = await easel("learn", "watch", "-o", str(tmp_path / "runs"), *WATCH, "--json")
        return [json.loads(line)["step"] for line in done.out.splitlines()]

    async with start_bot(learning_channel=int(ada.channels[CHANNEL])):
        await vote(ben, [cleo, dora], hand, database, clock)
        assert await watch() == ["train", "evaluate", "paint_pairs"]
        async with database.begin() as connection:
            ordinary = sa.update(rank_grids).where(rank_grids.c.adapter_id.is_(None))
            await connection.execute(ordinary.values(is_left_out=True))
        for member in (ada, cleo, dora):
            await prefer_the_adapter(member, database)
        assert await watch() == ["ask"]
        question = await ada.message(is_question)
        assert f"prefer it in {3 * NUM_HELD_OUT} of {3 * NUM_HELD_OUT} votes" in text_of(question)
        assert question["attachments"]
        await ada.reply(await ada.press(question, "Promote"))
        async with supervise(PainterOptions(registry=models)) as painter:
            assert await adapters_in_use(painter) == {}
            assert await watch() == ["promote"]
            assert await watch() == []
            (adapter,) = json.loads((await easel("learn", "list", "--json")).out)
            assert (adapter["state"], adapter["members"]) == ("promoted", 3)
            assert await adapters_in_use(painter, stylize=1000) == {adapter["name"]: 2.0}
            assert await adapters_in_use(painter, style="raw") == {}
            await easel("learn", "rollback")
            assert await adapters_in_use(painter) == {}
    (adapter,) = json.loads((await easel("learn", "list", "--json")).out)
    assert adapter["state"] == "rolled_back" and "style" not in models.read_text()
