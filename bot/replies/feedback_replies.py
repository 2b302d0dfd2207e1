"""Every sentence that members read about their feedback: what stands, what it changed, and what else they can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.cards import shown_prompt
from bot.delivery.outcomes import DirectRefusal, DiscordUnavailable, SendOutcome, refusal_of
from bot.language import Phrase, _, plural
from bot.replies import picture_title
from bot.replies.alt_replies import picture_subject
from engine.contract.feedback import Choice, Rating, ReportReason

RATING_EMOJI: Mapping[Rating, str] = {Rating.AWFUL: "😖", Rating.BAD: "☹️", Rating.GOOD: "🙂", Rating.GREAT: "😍"}

REPORT_TITLE = Phrase("Report a picture")
REPORT_PICTURE = Phrase("Which picture?")
REPORT_REASON = Phrase("What is wrong with it?")
REPORT_REASONS: Mapping[ReportReason, Phrase] = {
    ReportReason.SEXUAL: Phrase("Sexual content"),
    ReportReason.VIOLENT: Phrase("Violence or gore"),
    ReportReason.HATEFUL: Phrase("Hate or harassment"),
    ReportReason.PERSON: Phrase("It shows a real person"),
    ReportReason.COPIED: Phrase("It copies somebody's work"),
    ReportReason.OTHER: Phrase("Something else"),
}
ALL_FOUR = Phrase("All four")
REPORTED = Phrase("Thank you. The report is stored, and the picture is left out of training.")
ALREADY_REPORTED = Phrase("You have already reported this. Thank you.")

ASK_DELETE = Phrase("Delete this message for everybody? Deleted pictures are left out of training.")
DELETED = Phrase("Deleted.")
NOT_DELETED = Phrase("Discord does not let me delete this message. Its pictures are left out of training.")
KEPT = Phrase("Nothing was deleted.")

SAVED = Phrase("Sent to your direct messages.")
DM_CLOSED = Phrase("I cannot send you direct messages, so here it is, for you alone. Save it before you leave.")
_DM_NO_SERVER = Phrase(
    "Discord lets me send direct messages only to members of a server that I am in, so here it is, for you alone. Save "
    "it before you leave."
)
_DM_NOT_TAKEN = Phrase(
    "Discord did not take my direct message to you, so here it is, for you alone. Save it before you leave."
)
_DM_UNSURE = Phrase(
    "Discord does not say whether my direct message has arrived, so here it is, for you alone. Save it before you "
    "leave."
)
_NOT_SENT: Mapping[DirectRefusal, Phrase] = {
    DirectRefusal.CLOSED: DM_CLOSED,
    DirectRefusal.NO_SERVER: _DM_NO_SERVER,
    DirectRefusal.OTHER: _DM_NOT_TAKEN,
}


RANK_HELP = Phrase("Compare two pictures of the same prompt, again and again; only you see it")
RANK_CLOSED = Phrase("This server's administrators have closed it to training, so there is nothing to compare here.")
RANK_REFUSED = Phrase(
    "Comparing pictures trains models, so it is for members who agree to that. Use /privacy to agree."
)
PAIR_FACES: Mapping[Choice, tuple[Phrase, str]] = {
    Choice.LEFT: (Phrase("Left"), "⬅️"),
    Choice.RIGHT: (Phrase("Right"), "➡️"),
    Choice.TIE: (Phrase("Equally good"), "🤝"),
    Choice.BOTH_BAD: (Phrase("Both bad"), "👎"),
    Choice.SKIP: (Phrase("Skip"), "⏭️"),
}


def pair_question(prompt: str, num_answered: int) -> str:
    """Return what is asked about a pair of pictures, and how many pairs the member has compared."""
    asked = _("Which one is better? {compared}", compared=_compared(num_answered))
    return f"**{shown_prompt(prompt)}**\n{asked}"


def pair_alt(prompt: str) -> str:
    """Return what a pair of pictures shows, for those who cannot see it."""
    return _("{prompt}: two pictures, left and right", prompt=picture_subject(prompt))


def nothing_to_compare(num_answered: int) -> str:
    """Return that no pair is left that the member may see and has not compared."""
    return _(
        "There is nothing left to compare at the moment. {compared} New pictures bring new pairs.",
        compared=_compared(num_answered),
    )


def comparing_stopped(num_answered: int) -> str:
    """Return the thanks for comparing."""
    return _("Thank you. {compared} /rank goes on.", compared=_compared(num_answered))


def _compared(num_answered: int) -> str:
    return plural(num_answered, "You have compared {n} pair.", "You have compared {n} pairs.")


def rated(rating: Rating, before: Rating | None) -> str:
    """Return the confirmation of a stored rating."""
    emoji = RATING_EMOJI[rating]
    if before is None:
        return _("Rated {emoji}. Press another one to change it.", emoji=emoji)
    if before is rating:
        return _("Your rating is still {emoji}.", emoji=emoji)
    return _("Rating changed from {before} to {emoji}.", before=RATING_EMOJI[before], emoji=emoji)


def taken_back(before: Rating | None) -> str:
    """Return the confirmation that a rating no longer counts."""
    if before is None:
        return _("You have no rating here.")
    return _("Your rating {emoji} was taken back.", emoji=RATING_EMOJI[before])


def favourite(is_favourite: bool) -> str:
    """Return whether the picture is one of the member's favourites now."""
    return _("❤️ Added to your favourites.") if is_favourite else _("Removed from your favourites.")


def more(slot: int | None, best: int | None, favourites: Collection[int]) -> str:
    """Return what the choices are about: a picture, or a grid with what the member likes best of it."""
    if slot is not None:
        return _("{picture}: what do you want to do?", picture=picture_title(slot))
    if best is None:
        chosen = _("Which is the best of the four?")
    else:
        chosen = _("Best of the four: {picture}", picture=f"#{best + 1}")
    if favourites:
        shown = ", ".join(f"#{favourite + 1}" for favourite in sorted(favourites))
        liked = _("Your favourites: {pictures}", pictures=shown)
    else:
        liked = _("Which are favourites of yours?")
    hint = [_("Press again to take it back.")] if favourites or best is not None else []
    return "\n".join([f"🏆 {chosen}", f"❤️ {liked}", *hint])


def not_sent(outcome: SendOutcome) -> str:
    """Return why the files come in the answer instead of by direct message."""
    return str(_DM_UNSURE if isinstance(outcome, DiscordUnavailable) else _NOT_SENT[refusal_of(outcome)])


def saved(prompt: str, seeds: Sequence[tuple[int, int]]) -> str:
    """Return the prompt, and the slot and seed of each picture."""
    listed = ", ".join(seed_of(slot, seed) for slot, seed in seeds)
    return f"**{shown_prompt(prompt)}**\n{listed}"


def seed_of(slot: int, seed: int) -> str:
    """Return the seed of a picture."""
    return _("{picture}: seed {seed}", picture=picture_title(slot), seed=seed)
