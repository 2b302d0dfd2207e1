"""When `easel imagine` says that no engine has its job in hand."""

from __future__ import annotations

from easel.commands.imagine import HINT_AFTER, Wait

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
