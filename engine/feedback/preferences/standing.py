"""Which of one member's presses stand: not replaced, not taken back, not repeated, not too fast."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.sources import LATENCY_FLOOR
from engine.feedback.records import Action, Press

# Verbs of which a member's newest press on the same thing counts, and of the others the first.
_NEWEST_COUNTS = frozenset({Verb.RATE, Verb.FAVOURITE, Verb.BEST, Verb.CHOOSE})


def standing_presses(presses: Iterable[Press]) -> list[Press]:
    """Return the presses of one member that stand, oldest first, whatever order they come in.

    A press that another replaces counts for nothing, also when that other is taken back. A press that comes too fast
    counts for nothing, but replaces what it replaced.
    """
    return [press for press in last_presses(presses) if press.action.value != 0 and not is_hasty(press.action)]


def last_presses(presses: Iterable[Press]) -> list[Press]:
    """Return one press for each thing that the member pressed about, oldest first, also hasty ones and take-backs."""
    once = {press.action.press_id: press for press in presses}
    replaced = {press.action.replaces for press in once.values()}
    by_subject: dict[Hashable, Press] = {}
    for press_id in sorted(once.keys() - replaced):
        action = once[press_id].action
        subject = _subject(action)
        if action.verb in _NEWEST_COUNTS or subject not in by_subject or is_hasty(by_subject[subject].action):
            by_subject[subject] = once[press_id]
    return sorted(by_subject.values(), key=lambda press: press.action.press_id)


def is_hasty(action: Action) -> bool:
    """Return whether the press came before anybody could have looked."""
    return action.latency is not None and action.latency < LATENCY_FLOOR


def shown_pictures(action: Action) -> tuple[UUID, ...]:
    """Return the pictures that the message showed, by slot, which is the order that the log has them in."""
    return tuple([shown.picture_id for shown in action.shown])


def pictures_meant(action: Action) -> tuple[UUID, ...]:
    """Return the pictures that the press is about: one, or all that the message showed."""
    return shown_pictures(action) if action.picture_id is None else (action.picture_id,)


def _subject(action: Action) -> Hashable:
    """Return what the press is about: two presses of one member with the same subject are one answer."""
    if action.verb is Verb.CHOOSE:
        return action.verb, action.impression_id or action.press_id
    if action.verb is Verb.BEST or action.picture_id is None:
        return action.verb, frozenset(shown_pictures(action)) or action.press_id
    return action.verb, action.picture_id
