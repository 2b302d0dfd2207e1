"""When `easel imagine` says that no engine has its job in hand."""

from __future__ import annotations

from datetime import timedelta

from easel.commands.imagine_wait import HINT_AFTER, Wait

LONG = HINT_AFTER.total_seconds()


def test_each_long_wait_is_told_once_also_after_an_engine_has_left() -> None:
    wait = Wait(since=0.0)
    looks = [
        (LONG - 1, False, False),
        (LONG, False, True),
        (3 * LONG, False, False),
        (4 * LONG, True, False),
        (5 * LONG - 1, False, False),
        (5 * LONG, False, True),
        (9 * LONG, False, False),
    ]
    assert [wait.is_hint_due(now, is_held=is_held) for now, is_held, _ in looks] == [due for _, _, due in looks]


def test_an_engine_that_has_a_job_in_hand_starts_the_wait_anew() -> None:
    """Without a limit it never ends."""
    wait = Wait(since=0.0)
    patience = timedelta(seconds=60)
    assert [wait.has_lasted(now, patience) for now in (59, 60)] == [False, True]
    assert not wait.is_hint_due(100, is_held=True)
    assert [wait.has_lasted(now, patience) for now in (159, 160)] == [False, True]
    assert not wait.has_lasted(1e9, None)
