"""Every sentence about appeals, which members read who make them and moderators who decide them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import shown_prompt
from bot.language import Phrase, _
from bot.replies.moderation_replies import ruling_text
from bot.store.moderation.appeals import AppealState
from bot.store.moderation.cases import Case
from bot.store.moderation.tables import AppealSubject, Decision

APPEAL_LABEL = Phrase("Appeal")
ACCEPT_LABEL, REFUSE_LABEL = Phrase("Accept"), Phrase("Refuse")
APPEALED = Phrase(
    "Your appeal is with the moderators of this server. Easel tells you in a direct message how they decide."
)

SOME_SERVER = Phrase("a server")

_MAX_TEXT = 1200
_STATES: Mapping[AppealState, Phrase] = {
    AppealState.OPEN: Phrase("Your appeal is with the moderators, who have not decided yet."),
    AppealState.REFUSED: Phrase("Moderators have refused your appeal."),
}
_TITLES: Mapping[AppealSubject, Phrase] = {
    AppealSubject.WORDS: Phrase("✋ **Appeal of {who}** against a prompt that was refused"),
    AppealSubject.PICTURE: Phrase("✋ **Appeal of {who}** against a result that is not shown"),
    AppealSubject.TIME_OUT: Phrase("✋ **Appeal of {who}** against a time out"),
    AppealSubject.BAN: Phrase("✋ **Appeal of {who}** against a ban"),
}
_REASONS: Mapping[AppealSubject, Phrase] = {
    AppealSubject.TIME_OUT: Phrase("The reason for the time out: {text}"),
    AppealSubject.BAN: Phrase("The reason for the ban: {text}"),
}
_MEANS: Mapping[AppealSubject, Phrase] = {
    AppealSubject.WORDS: Phrase("Accept lets this member use this prompt here."),
    AppealSubject.PICTURE: Phrase(
        "A classifier finds it unsafe. Accept shows it in its message, or sends it to this member if only they saw "
        "that."
    ),
    AppealSubject.TIME_OUT: Phrase("Accept ends the time out at once."),
    AppealSubject.BAN: Phrase("Accept ends the ban at once."),
}
_ACCEPTED: Mapping[AppealSubject, Phrase] = {
    AppealSubject.WORDS: Phrase("Moderators of {guild} have accepted your appeal. You can use this prompt there now."),
    AppealSubject.PICTURE: Phrase(
        "Moderators of {guild} have accepted your appeal. Your result is shown there now, or sent to you here if only "
        "you saw its message."
    ),
    AppealSubject.TIME_OUT: Phrase("Moderators of {guild} have accepted your appeal. Your time out there is over."),
    AppealSubject.BAN: Phrase("Moderators of {guild} have accepted your appeal. Your ban there is over."),
}
_REFUSED: Mapping[AppealSubject, Phrase] = {
    AppealSubject.WORDS: Phrase("Moderators of {guild} have refused your appeal against a prompt that was refused."),
    AppealSubject.PICTURE: Phrase("Moderators of {guild} have refused your appeal against a result that is not shown."),
    AppealSubject.TIME_OUT: Phrase("Moderators of {guild} have refused your appeal against a time out."),
    AppealSubject.BAN: Phrase("Moderators of {guild} have refused your appeal against a ban."),
}


def refused_again(said: str, state: AppealState) -> str:
    """Return what was said before, and what has become of the appeal against it."""
    return f"{said}\n{_STATES[state]}" if state in _STATES else said


def appeal_text(case: Case) -> str:
    """Return what moderators read of an appeal."""
    assert case.appeal is not None
    subject, text = case.appeal.subject, shown_prompt(case.appeal.text or "", _MAX_TEXT)
    who = f"<@{case.discord_id}>" if case.discord_id else _("a member who was erased")
    lines = [_TITLES[subject].format(who=who)]
    if text and subject in _REASONS:
        lines.append(_REASONS[subject].format(text=text))
    elif text:
        lines.append(f"> {text}")
        lines += [_("Refused because of `{rule}`.", rule=case.appeal.rule)] if subject is AppealSubject.WORDS else []
    if case.ruling:
        lines.append(ruling_text(case.ruling))
    elif text or subject is not AppealSubject.WORDS:
        lines.append(str(_MEANS[subject]))
    return "\n".join(lines)


def told(case: Case, guild_name: str) -> str:
    """Return how an appeal was decided, for the member to read in a direct message."""
    assert case.appeal is not None and case.ruling is not None
    is_accepted = case.ruling.decision is Decision.ACCEPT
    said = (_ACCEPTED if is_accepted else _REFUSED)[case.appeal.subject].format(guild=guild_name)
    is_prompt = case.appeal.subject is AppealSubject.WORDS and case.appeal.text is not None
    return f"{said}\n> {shown_prompt(case.appeal.text or '', _MAX_TEXT)}" if is_prompt else said
