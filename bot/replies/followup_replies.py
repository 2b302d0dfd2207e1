"""Every sentence that members read while they say what a new job does to a picture: which region, which new prompt,
which size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from bot.cards import shown_prompt
from bot.language import Phrase, _, percentage, plural
from bot.replies import picture_title
from bot.replies.alt_replies import picture_subject
from engine.prompt.checks.upscales import MAX_UPSCALED_PIXELS, possible_factors

UPSCALE_SUBTLE_LABEL = Phrase("Upscale (Subtle)")
UPSCALE_CREATIVE_LABEL = Phrase("Upscale (Creative)")

REGION_LABEL = Phrase("Vary (Region)")
PAINT_LABEL = Phrase("Paint these cells")
REWORD_LABEL = Phrase("With a new prompt…")
NAME_LABEL = Phrase("Name it…")
NAME_WHAT = Phrase("What to paint anew, such as: the hat")
NO_WORDS = Phrase("Say what in the picture is to be painted anew, such as: the hat.")
NO_SEGMENTER = Phrase("Nothing that words name can be found at the moment. Choose cells instead.")
NO_CELLS = Phrase("Choose at least one cell first: press its number.")
REMIX_TITLE = Phrase("Remix")
REMIX_PROMPT = Phrase("Prompt of the new job")
REMIX_HELP = Phrase("Turn remix on or off: with it, vary, re-roll, zoom and pan ask for the prompt first")
REMIX_ON = Phrase("Remix is on: vary, re-roll, zoom and pan now ask for the prompt first. /prefer remix turns it off.")
REMIX_OFF = Phrase("Remix is off: vary, re-roll, zoom and pan use the prompt as it is. /prefer remix turns it on.")
PREFER_HELP = Phrase("How Easel works for you")

ZOOM_LABEL = Phrase("Custom Zoom")
ZOOM_PROMPT = Phrase("Prompt")
ZOOM_FACTOR = Phrase("Zoom factor, from 1 to 2")
ZOOM_SHAPE_NAME = Phrase("Shape")
ZOOM_SHAPE = Phrase("Shape, such as 16:9")
WRONG_FACTOR = Phrase("The zoom factor must be a number from 1 to 2, such as 1.5.")
ALREADY_SQUARE = Phrase("This picture is square already. Zoom out or pan to extend it.")
NOTHING_TO_PAINT = Phrase("The picture would stay as it is. Use a zoom factor above 1, or another shape.")
FROM_ONE_PICTURE = Phrase(
    "--between starts from two results, and this from one picture. Leave it out, or use /imagine."
)
SHAPE_KEPT = Phrase(
    "--ar has no effect here: the picture keeps its shape. Remove it, or use Custom Zoom for another shape."
)

NAMED_PROMPT = Phrase("Prompt for what is painted anew")
REGION_PROMPT = Phrase("Prompt for the chosen cells")


def region_question(prompt: str, slot: int, cells: Collection[int]) -> str:
    """Return what is asked about a picture with numbered cells, and which are chosen so far."""
    if cells:
        shown = ", ".join(map(str, sorted(cells)))
        asked = _("Which part do you want to paint anew? Chosen: {cells}.", cells=shown)
    else:
        asked = _("Which part do you want to paint anew? Press the numbers of the cells.")
    return f"**{shown_prompt(prompt)}** - {picture_title(slot)}\n{asked}"


def region_alt(prompt: str, slot: int) -> str:
    """Return what a picture with numbered cells shows, for those who cannot see it."""
    return _(
        "{prompt}: picture {number} of four under a grid of cells, 1 to 9 from the top left",
        prompt=picture_subject(prompt),
        number=slot + 1,
    )


def one_job_only(num_jobs: int) -> str:
    """Return that a prompt which starts several jobs cannot be used here."""
    return plural(
        num_jobs,
        "This prompt is for {n} job, and here it can be for one only. Remove --repeat and the {{sets}}.",
        "This prompt is for {n} jobs, and here it can be for one only. Remove --repeat and the {{sets}}.",
    )


def upscale_question(
    prompt: str, size: tuple[int, int], costs: Mapping[int, Fraction | None], is_creative: bool, upscaler: str
) -> str:
    """Return how large a picture can become, and what that costs.

    costs: of new detail, by factor, in grids; None where that is not known.
    upscaler: the one that is used; empty for a filter.
    """
    if is_creative:
        how = _("This adds new detail, painted from the prompt. It counts as one job.")
    elif upscaler:
        how = _("This keeps it as it is, with {upscaler}. It counts as one job.", upscaler=upscaler)
    else:
        how = _(
            "This keeps it as it is, with the Lanczos filter, as no upscaler is installed here. It counts as one job."
        )
    lines = (_factor_line(size, factor, cost if is_creative else Fraction(0)) for factor, cost in costs.items())
    label = UPSCALE_CREATIVE_LABEL if is_creative else UPSCALE_SUBTLE_LABEL
    return "\n".join((f"**{shown_prompt(prompt, 1000)}** - {label}", how, *lines))


def _factor_line(size: tuple[int, int], factor: int, cost: Fraction | None) -> str:
    width, height = (side * factor for side in size)
    if factor not in possible_factors(size):
        return f"{factor}x: {upscale_too_large(width, height)}"
    fields = {"factor": factor, "width": width, "height": height}
    if cost == 0:
        return _("{factor}x: {width} x {height} pixels, nothing for the model to paint.", **fields)
    if cost is None:
        return _("{factor}x: {width} x {height} pixels, painted by the model.", **fields)
    share = percentage(max(1, round(cost * 100)) / 100)
    return _("{factor}x: {width} x {height} pixels, about {share} of the work of a grid.", share=share, **fields)


def upscale_too_large(width: int, height: int) -> str:
    """Return that a picture cannot become so large."""
    return _(
        "{width} x {height} would be more than the limit of {most} million pixels.",
        width=width,
        height=height,
        most=MAX_UPSCALED_PIXELS // 10**6,
    )


def pan_too_large(width: int, height: int, model: str) -> str:
    """Return that a picture cannot be extended so far, and how it can be."""
    return _(
        "The picture would be {width} x {height} pixels, and the model {model} paints none of that size. "
        "Pan along the other side, or zoom out.",
        width=width,
        height=height,
        model=model,
    )
