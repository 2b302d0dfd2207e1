"""Who may queue how much."""

from __future__ import annotations

import pytest

from bot.policy.quotas import MAX_PENDING, check_quota
from engine.contract.errors import TooManyPending


@pytest.mark.parametrize(("pending", "asked"), [(0, 1), (0, MAX_PENDING), (MAX_PENDING - 1, 1)])
def test_a_member_may_fill_the_limit(pending: int, asked: int) -> None:
    """The last free place can be taken."""
    check_quota(pending=pending, num_new=asked)


@pytest.mark.parametrize(("pending", "asked"), [(MAX_PENDING, 1), (1, MAX_PENDING), (0, MAX_PENDING + 1)])
def test_a_member_may_not_go_over_the_limit(pending: int, asked: int) -> None:
    """A prompt that asks for several jobs is taken whole or not at all."""
    with pytest.raises(TooManyPending) as refused:
        check_quota(pending=pending, num_new=asked)
    assert (refused.value.pending, refused.value.limit) == (pending, MAX_PENDING)
