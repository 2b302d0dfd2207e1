"""Every sentence that members read while they say what a new job does to a picture: which region, which new prompt,
which size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from bot.alt_replies import picture_subject
from bot.cards import shown_prompt
from bot.operation_replies import LANCZOS
from bot.replies import picture_title
from engine.prompt.checks.upscales import MAX_UPSCALED_PIXELS, possible_factors

UPSCALE_SUBTLE_LABEL = "Upscale (Subtle)"
UPSCALE_CREATIVE_LABEL = "Upscale (Creative)"

REGION_LABEL = "Vary (Region)"
PAINT_LABEL = "Paint these cells"
REWORD_LABEL = "With a new prompt…"
NAME_LABEL = "Name it…"
NAME_WHAT = "What to paint anew, such as: the hat"
NO_WORDS = "Say what in the picture is to be painted anew, such as: the hat."
NO_SEGMENTER = "Nothing that words name can be found at the moment. Choose cells instead."
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
ZOOM_SHAPE_NAME = "Shape"
ZOOM_SHAPE = f"{ZOOM_SHAPE_NAME}, such as 16:9"
WRONG_FACTOR = "The zoom factor must be a number from 1 to 2, such as 1.5."
ALREADY_SQUARE = "This picture is square already. Zoom out or pan to extend it."
NOTHING_TO_PAINT = "The picture would stay as it is. Use a zoom factor above 1, or another shape."
SHAPE_KEPT = "--ar has no effect here: the picture keeps its shape. Remove it, or use Custom Zoom for another shape."

NAMED_PROMPT = "Prompt for what is painted anew"
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


def upscale_question(
    prompt: str, size: tuple[int, int], costs: Mapping[int, Fraction | None], is_creative: bool, upscaler: str
) -> str:
    """Return how large a picture can become, and what that costs.

    costs: of new detail, by factor, in grids; None where that is not known.
    upscaler: the one that is used; empty for a filter.
    """
    means = upscaler or f"{LANCZOS}, as no upscaler is installed here"
    how = "adds new detail, painted from the prompt" if is_creative else f"keeps it as it is, with {means}"
    lines = (_factor_line(size, factor, cost if is_creative else Fraction(0)) for factor, cost in costs.items())
    label = UPSCALE_CREATIVE_LABEL if is_creative else UPSCALE_SUBTLE_LABEL
    return "\n".join((f"**{shown_prompt(prompt, 1000)}** - {label}", f"This {how}. It counts as one job.", *lines))


def _factor_line(size: tuple[int, int], factor: int, cost: Fraction | None) -> str:
    width, height = (side * factor for side in size)
    if factor not in possible_factors(size):
        return f"{factor}x: {upscale_too_large(width, height)}"
    if cost == 0:
        price = "nothing for the model to paint"
    else:
        price = "painted by the model" if cost is None else f"about {max(1, round(cost * 100))}% of the work of a grid"
    return f"{factor}x: {width} x {height} pixels, {price}."


def upscale_too_large(width: int, height: int) -> str:
    """Return that a picture cannot become so large."""
    most = MAX_UPSCALED_PIXELS // 10**6
    return f"{width} x {height} would be more than the limit of {most} million pixels."


def pan_too_large(width: int, height: int, model: str) -> str:
    """Return that a picture cannot be extended so far, and how it can be."""
    return (
        f"The picture would be {width} x {height} pixels, and the model {model} paints none of that size. "
        "Pan along the other side, or zoom out."
    )
