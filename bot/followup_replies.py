"""Every sentence that members read while they say what a new job does to a picture: which region, which new prompt."""

from __future__ import annotations

from collections.abc import Collection

from bot.cards import shown_prompt
from bot.replies import picture_subject, picture_title

REGION_LABEL = "Vary (Region)"
PAINT_LABEL = "Paint these cells"
REWORD_LABEL = "With a new prompt…"
NO_CELLS = "Choose at least one cell first: press its number."
REMIX_TITLE = "Remix"
REMIX_PROMPT = "Prompt of the new job"
REMIX_HELP = "Turn remix on or off: with it, vary, re-roll, zoom and pan ask for the prompt first"
REMIX_ON = "Remix is on: vary, re-roll, zoom and pan now ask for the prompt first. /prefer remix turns it off."
REMIX_OFF = "Remix is off: vary, re-roll, zoom and pan use the prompt as it is. /prefer remix turns it on."
PREFER_HELP = "How Easel works for you"

ZOOM_LABEL = "Custom Zoom"
ZOOM_PROMPT = "Prompt"
ZOOM_FACTOR = "Zoom factor, from 1 to 2"
ZOOM_SHAPE = "Shape, such as 16:9"
WRONG_FACTOR = "The zoom factor must be a number from 1 to 2, such as 1.5."
ALREADY_SQUARE = "This picture is square already. Zoom out or pan to extend it."
NOTHING_TO_PAINT = "The picture would stay as it is. Use a zoom factor above 1, or another shape."

REGION_PROMPT = "Prompt for the chosen cells"


def region_question(prompt: str, slot: int, cells: Collection[int]) -> str:
    """Return what is asked about a picture with numbered cells, and which are chosen so far."""
    chosen = f"Chosen: {', '.join(map(str, sorted(cells)))}." if cells else "Press the numbers of the cells."
    return f"**{shown_prompt(prompt)}** - {picture_title(slot)}\nWhich part do you want to paint anew? {chosen}"


def region_alt(prompt: str, slot: int) -> str:
    """Return what a picture with numbered cells shows, for those who cannot see it."""
    return f"{picture_subject(prompt)}: picture {slot + 1} of four under a grid of cells, 1 to 9 from the top left"


def one_job_only(num_jobs: int) -> str:
    """Return that a prompt which starts several jobs cannot be used here."""
    return f"This prompt is for {num_jobs} jobs, and here it can be for one only. Remove --repeat and the {{sets}}."
