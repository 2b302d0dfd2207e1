"""Every sentence that members read about their feedback: what stands, what it changed, and what else they can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.alt_replies import picture_subject
from bot.cards import shown_prompt
from bot.replies import picture_title
from engine.contract.feedback import Choice, Rating, ReportReason

RATING_EMOJI: Mapping[Rating, str] = {Rating.AWFUL: "😖", Rating.BAD: "☹️", Rating.GOOD: "🙂", Rating.GREAT: "😍"}

REPORT_TITLE = "Report a picture"
REPORT_PICTURE = "Which picture?"
REPORT_REASON = "What is wrong with it?"
REPORT_REASONS: Mapping[ReportReason, str] = {
    ReportReason.SEXUAL: "Sexual content",
    ReportReason.VIOLENT: "Violence or gore",
    ReportReason.HATEFUL: "Hate or harassment",
    ReportReason.PERSON: "It shows a real person",
    ReportReason.COPIED: "It copies somebody's work",
    ReportReason.OTHER: "Something else",
}
ALL_FOUR = "All four"
REPORTED = "Thank you. The report is stored, and the picture is left out of training."
ALREADY_REPORTED = "You have already reported this. Thank you."

ASK_DELETE = "Delete this message for everybody? Deleted pictures are left out of training."
DELETED = "Deleted."
NOT_DELETED = "Discord does not let me delete this message. Its pictures are left out of training."
KEPT = "Nothing was deleted."

SAVED = "Sent to your direct messages."
DM_CLOSED = "I cannot send you direct messages, so here it is, for you alone. Save it before you leave."


RANK_HELP = "Compare two pictures of the same prompt, again and again; only you see it"
RANK_CLOSED = "This server's administrators have closed it to training, so there is nothing to compare here."
RANK_REFUSED = "Comparing pictures trains models, so it is for members who agree to that. Use /privacy to agree."
PAIR_FACES: Mapping[Choice, tuple[str, str]] = {
    Choice.LEFT: ("Left", "⬅️"),
    Choice.RIGHT: ("Right", "➡️"),
    Choice.TIE: ("Equally good", "🤝"),
    Choice.BOTH_BAD: ("Both bad", "👎"),
    Choice.SKIP: ("Skip", "⏭️"),
}


def pair_question(prompt: str, num_answered: int) -> str:
    """Return what is asked about a pair of pictures, and how many pairs the member has compared."""
    return f"**{shown_prompt(prompt)}**\nWhich one is better? {_compared(num_answered)}"


def pair_alt(prompt: str) -> str:
    """Return what a pair of pictures shows, for those who cannot see it."""
    return f"{picture_subject(prompt)}: two pictures, left and right"


def nothing_to_compare(num_answered: int) -> str:
    """Return that no pair is left that the member may see and has not compared."""
    return f"There is nothing left to compare at the moment. {_compared(num_answered)} New pictures bring new pairs."


def comparing_stopped(num_answered: int) -> str:
    """Return the thanks for comparing."""
    return f"Thank you. {_compared(num_answered)} /rank goes on."


def _compared(num_answered: int) -> str:
    return f"You have compared {num_answered} {'pair' if num_answered == 1 else 'pairs'}."


def rated(rating: Rating, before: Rating | None) -> str:
    """Return the confirmation of a stored rating."""
    if before is None:
        return f"Rated {RATING_EMOJI[rating]}. Press another one to change it."
    if before is rating:
        return f"Your rating is still {RATING_EMOJI[rating]}."
    return f"Rating changed from {RATING_EMOJI[before]} to {RATING_EMOJI[rating]}."


def taken_back(before: Rating | None) -> str:
    """Return the confirmation that a rating no longer counts."""
    return f"Your rating {RATING_EMOJI[before]} was taken back." if before else "You have no rating here."


def favourite(is_favourite: bool) -> str:
    """Return whether the picture is one of the member's favourites now."""
    return "❤️ Added to your favourites." if is_favourite else "Removed from your favourites."


def more(slot: int | None, best: int | None, favourites: Collection[int]) -> str:
    """Return what the choices are about: a picture, or a grid with what the member likes best of it."""
    if slot is not None:
        return f"{picture_title(slot)}: what do you want to do?"
    chosen = "Which is the best of the four?" if best is None else f"Best of the four: #{best + 1}"
    liked = ", ".join(f"#{favourite + 1}" for favourite in sorted(favourites))
    hint = "\nPress again to take it back." if favourites or best is not None else ""
    return f"🏆 {chosen}\n❤️ {f'Your favourites: {liked}' if liked else 'Which are favourites of yours?'}{hint}"


def saved(prompt: str, seeds: Sequence[tuple[int, int]]) -> str:
    """Return the prompt, and the slot and seed of each picture."""
    listed = ", ".join(f"{picture_title(slot)}: seed {seed}" for slot, seed in seeds)
    return f"**{shown_prompt(prompt)}**\n{listed}"
