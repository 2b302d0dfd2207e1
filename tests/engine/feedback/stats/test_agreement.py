"""Agreement of raters on the same pairs."""

from __future__ import annotations

import pytest

from engine.feedback.stats.agreement import rater_agreement


@pytest.mark.parametrize(
    ("votes", "of_two", "with_majority"),
    [
        ([(2, 0), (0, 2)], 1.0, None),
        ([(1, 1)], 0.0, None),
        ([(3, 1)], 0.5, 0.75),
        ([(2, 2), (4, 0)], (2 / 6 + 1) / 2, 0.75),
        ([(1, 0), (0, 1), (0, 0)], None, None),
        ([], None, None),
    ],
)
def test_agreement_is_that_of_the_pairs_of_raters(
    votes: list[tuple[int, int]], of_two: float | None, with_majority: float | None
) -> None:
    agreement = rater_agreement(votes)
    assert agreement.of_two == (None if of_two is None else pytest.approx(of_two))
    assert agreement.with_majority == (None if with_majority is None else pytest.approx(with_majority))
    assert agreement.pairs == sum(first + second > 1 for first, second in votes)
