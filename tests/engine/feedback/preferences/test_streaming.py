"""However long the log is, one member's or one cluster's presses are held at a time."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.community import measure_community
from engine.feedback.records import Impression, Press
from tests.engine.feedback.preferences.pressing import id_of, press, rate

NUM_GROUPS = 50
# The group that was yielded last is let go when the next one is taken.
MAX_GROUPS_HELD = 2


def presses_of(cluster: int, member: int) -> list[Press]:
    """Return what a member presses about the one grid of a cluster."""
    grid = range(1 + 4 * cluster, 5 + 4 * cluster)
    at = 100 * member + 10 * cluster
    return [
        press(Verb.UPSCALE, grid, grid[cluster % 4], at=at, by=member),
        rate(grid, grid[1], 3, at=at + 1, by=member),
    ]


def watched(groups: Iterator[list[Press]]) -> Iterator[list[Press]]:
    """Yield the groups, and fail when more than two of them are held by whoever takes them."""
    given = list[weakref.ref[Impression]]()
    for group in groups:
        assert group[0].impression is not None
        given.append(weakref.ref(group[0].impression))
        yield group
        del group
        assert sum(impression() is not None for impression in given) <= MAX_GROUPS_HELD


def test_one_group_of_presses_is_held() -> None:
    members = watched(presses_of(cluster=member, member=member) for member in range(NUM_GROUPS))
    clusters = watched(presses_of(cluster=cluster, member=cluster) for cluster in range(NUM_GROUPS))
    by_rater: Iterator[tuple[UUID, list[Press]]] = ((id_of(number), one) for number, one in enumerate(members))
    measured = measure_community(by_rater, clusters)
    assert len(measured.skills) == NUM_GROUPS
