"""Every sentence that members read when they use the menu of a message."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards import MAX_CONTENT, length, shown_prompt
from bot.replies import code_block, picture_title
from engine.contract.jobs import Job, Picture

RECIPE_NAME = "Recipe"
PICTURE_PROMPT_NAME = "Use as picture prompt"
DESCRIBE_NAME = "Describe"
REPORT_NAME = "Report"
DELETE_NAME = "Delete mine"

PICTURE_PROMPT_TITLE = "Use as picture prompt"
PICTURE_PROMPT_LABEL = "Write what to paint, after the link"

NOT_OURS = "This message shows nothing that I have painted. Choose one of mine with a grid or a picture."
NO_PICTURE = "This message has no picture. Choose one that has."
ERASED = "This was erased, so there is nothing left of it here."
NOT_PAINTED_YET = "This is not finished yet. Choose it again when its pictures are there."

_NUM_PICTURES = 4
_OPEN_PROMPT = 1200


def recipe_text(job: Job, pictures: Sequence[Picture]) -> str:
    """Return what the pictures were painted with, and the prompt that paints them again, to be copied."""
    recipe = pictures[0].recipe
    facts = [
        ("model", recipe.get("model")),
        ("size", f"{pictures[0].width} x {pictures[0].height}"),
        ("steps", recipe.get("steps")),
        ("guidance", recipe.get("guidance")),
        ("sampler", recipe.get("sampler")),
    ]
    seeds = [f"{picture_title(picture.slot)}: seed {picture.seed}" for picture in pictures[:_NUM_PICTURES]]
    listed = " · ".join(f"{name} {shown_prompt(str(fact), 80)}" for name, fact in facts if fact is not None)
    seeded = "" if "seed" in job.spec.parameters else f" --seed {job.seed}"
    lines = (listed, ", ".join(seeds), code_block(f"{job.spec.prompt}{seeded}", limit=_OPEN_PROMPT))
    text = "\n".join(lines)
    return text if length(text) <= MAX_CONTENT else "\n".join(lines[:2])
