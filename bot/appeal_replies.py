"""Every sentence about appeals, which members read who make them and moderators who decide them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import shown_prompt
from bot.moderation_replies import ruling_text
from bot.store.moderation.appeals import AppealState
from bot.store.moderation.cases import Case
from bot.store.moderation.tables import AppealSubject, Decision

APPEAL_LABEL = "Appeal"
ACCEPT_LABEL, REFUSE_LABEL = "Accept", "Refuse"
APPEALED = "Your appeal is with the moderators of this server. Easel tells you in a direct message how they decide."

SOME_SERVER = "a server"

_MAX_TEXT = 1200
_STATES: Mapping[AppealState, str] = {
    AppealState.NONE: "",
    AppealState.OPEN: "Your appeal is with the moderators, who have not decided yet.",
    AppealState.REFUSED: "Moderators have refused your appeal.",
}
_AGAINST: Mapping[AppealSubject, str] = {
    AppealSubject.WORDS: "a prompt that was refused",
    AppealSubject.PICTURE: "a result that is not shown",
    AppealSubject.TIME_OUT: "a time out",
    AppealSubject.BAN: "a ban",
}
_ENDED: Mapping[AppealSubject, str] = {AppealSubject.TIME_OUT: "the time out", AppealSubject.BAN: "the ban"}
_ACCEPTED: Mapping[AppealSubject, str] = {
    AppealSubject.WORDS: "You can use this prompt there now",
    AppealSubject.PICTURE: "Your result is shown there now",
    AppealSubject.TIME_OUT: "Your time out there is over",
    AppealSubject.BAN: "Your ban there is over",
}


def refused_again(said: str, state: AppealState) -> str:
    """Return what was said before, and what has become of the appeal against it."""
    return f"{said}\n{_STATES[state]}".rstrip()


def appeal_text(case: Case) -> str:
    """Return what moderators read of an appeal."""
    assert case.appeal is not None
    who = f"<@{case.discord_id}>" if case.discord_id else "a member who was erased"
    lines = [f"✋ **Appeal of {who}** against {_AGAINST[case.appeal.subject]}"]
    ended, text = _ENDED.get(case.appeal.subject), shown_prompt(case.appeal.text or "", _MAX_TEXT)
    if ended:
        lines += [f"The reason for {ended}: {text}"] if text else []
        lines += [] if case.ruling else [f"Accept ends {ended} at once."]
    elif case.appeal.subject is AppealSubject.PICTURE:
        lines += [f"> {text}"] if text else []
        lines += [] if case.ruling else ["A classifier finds it unsafe. Accept shows it in its message."]
    elif text:
        lines += [f"> {text}", f"Refused because of `{case.appeal.rule}`."]
        lines += [] if case.ruling else ["Accept lets this member use this prompt here."]
    if case.ruling:
        lines.append(ruling_text(case.ruling))
    return "\n".join(lines)


def told(case: Case, guild_name: str) -> str:
    """Return how an appeal was decided, for the member to read in a direct message."""
    assert case.appeal is not None and case.ruling is not None
    against = _AGAINST[case.appeal.subject]
    if case.ruling.decision is Decision.ACCEPT:
        said = f"Moderators of {guild_name} have accepted your appeal. {_ACCEPTED[case.appeal.subject]}."
    else:
        said = f"Moderators of {guild_name} have refused your appeal against {against}."
    is_prompt = case.appeal.subject is AppealSubject.WORDS and case.appeal.text is not None
    return f"{said}\n> {shown_prompt(case.appeal.text or '', _MAX_TEXT)}" if is_prompt else said
