"""Every sentence that members read when they use the menu of a message."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards import MAX_CONTENT, length, shown_prompt
from bot.language import Phrase
from bot.replies import code_block
from bot.replies.feedback_replies import seed_of
from engine.contract.jobs import Job, Picture

RECIPE_NAME = Phrase("Recipe")
PICTURE_PROMPT_NAME = Phrase("Use as picture prompt")
DESCRIBE_NAME = Phrase("Describe")
REPORT_NAME = Phrase("Report")
DELETE_NAME = Phrase("Delete mine")

PICTURE_PROMPT_TITLE = Phrase("Use as picture prompt")
PICTURE_PROMPT_LABEL = Phrase("Write what to paint, after the link")

NOT_OURS = Phrase("This message shows nothing that I have painted. Choose one of mine with a grid or a picture.")
NO_PICTURE = Phrase("This message has no picture. Choose one that has.")
ERASED = Phrase("This was erased, so there is nothing left of it here.")
NOT_PAINTED_YET = Phrase("This is not finished yet. Choose it again when its pictures are there.")

_NUM_PICTURES = 4
_OPEN_PROMPT = 1200


def recipe_text(job: Job, pictures: Sequence[Picture]) -> str:
    """Return what the pictures were painted with, and the prompt that paints them again, to be copied."""
    recipe = pictures[0].recipe
    facts = {
        Phrase("model {fact}"): recipe.get("model"),
        Phrase("size {fact}"): f"{pictures[0].width} x {pictures[0].height}",
        Phrase("steps {fact}"): recipe.get("steps"),
        Phrase("guidance {fact}"): recipe.get("guidance"),
        Phrase("sampler {fact}"): recipe.get("sampler"),
    }
    seeds = [seed_of(picture.slot, picture.seed) for picture in pictures[:_NUM_PICTURES]]
    told = [said.format(fact=shown_prompt(str(fact), 80)) for said, fact in facts.items() if fact is not None]
    listed = " · ".join(told)
    seeded = "" if "seed" in job.spec.parameters else f" --seed {job.seed}"
    lines = (listed, ", ".join(seeds), code_block(f"{job.spec.prompt}{seeded}", limit=_OPEN_PROMPT))
    text = "\n".join(lines)
    return text if length(text) <= MAX_CONTENT else "\n".join(lines[:2])
