"""A verb is one class: one that exists in this file alone is shown, pressed, answered and found again."""

from __future__ import annotations

import ast
from pathlib import Path

import bot
from bot.buttons import BUTTONS
from bot.buttons.base import FollowUpButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import labels, text_of


class RemixButton(FollowUpButton, verb="remix", index=ONE_TO_FOUR):
    """Varies the first picture of a grid."""

    rows = {CardKind.GRID: 1}
    event_verb = Verb.VARY
    operation = Operation.VARY

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, 1, label="Remix"),)


async def test_a_verb_of_one_class_is_complete(start_bot: BotStarter, ben: MemberClient, hand: EngineHand) -> None:
    """Handed over with the others, it stands in its row, and a press starts a job of its operation."""
    async with start_bot(buttons=(*BUTTONS, RemixButton)):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        assert labels(grid)[1] == ["V1", "V2", "V3", "V4", "Remix"]
        reply = await ben.reply(await ben.press(grid, "Remix"))
        assert text_of(reply).startswith(f"**a red circle** - Variations by <@{ben.id}> (Waiting to start")
        started = (await hand.jobs())[-1]
        assert (started.operation, started.parent_job_id) == (Operation.VARY, job.id)
        (event,) = await hand.actions(job.id)
        assert event.verb is Verb.VARY


def test_no_part_of_a_verb_is_declared_elsewhere() -> None:
    """Outside its own file and the list, nothing in the bot names a verb's class or writes an id with its verb."""
    classes = {button.__name__: button.__module__ for button in BUTTONS}
    root = Path(bot.__file__).parent
    elsewhere = []
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.id if isinstance(node, ast.Name) else None
            if name in classes and module not in {classes[name], "bot.buttons.__init__"}:
                elsewhere.append(f"{module} names {name}")
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if text.startswith("e1:") and module != "bot.custom_ids":
                elsewhere.append(f"{module} writes {text}")
    assert not elsewhere
