"""Ids sort by creation time."""

from __future__ import annotations

import time

from engine.contract.ids import new_id


def test_ids_sort_by_the_microsecond_they_were_made() -> None:
    """Ids made in one millisecond keep their order."""
    ids = []
    for _ in range(500):
        ids.append(new_id())
        made = time.time_ns()
        while time.time_ns() < made + 1000:
            pass
    assert ids == sorted(ids)
    assert len({one.int >> 80 for one in ids}) < len(ids)


def test_ids_are_uuids_of_version_seven() -> None:
    """Ids are standard UUIDv7, from which other tools can read the time."""
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
