"""What is read of a folder of preferences, and what is said of one that cannot be learnt from."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.learn.preferences import (
    MIN_PREFERENCES,
    Preference,
    PreferenceRow,
    PreferencesUnusable,
    agreed_preferences,
    check_enough,
    preferences_hash,
    read_preferences,
)
from tests.engine.learn.pickapic_folder import png, row, save_rows, warm_rows

RED, BLUE, DARK = png(250, 0), png(0, 250), png(0, 0)


def test_the_preferred_picture_is_the_winner_whichever_side_it_was_on(tmp_path: Path) -> None:
    """Ties are left out."""
    other_side = {**row(RED, BLUE), "jpg_0": RED, "jpg_1": BLUE, "label_0": 1.0, "label_1": 0.0}
    tie = {**row(RED, BLUE), "label_0": 0.5, "label_1": 0.5}
    read = list(read_preferences(save_rows(tmp_path, [row(RED, BLUE), other_side, tie])))
    assert [files_of_row(one) for one in read] == [(RED, BLUE)] * 2


def test_splits_are_read_apart(tmp_path: Path) -> None:
    save_rows(tmp_path, [row(RED, BLUE)])
    save_rows(tmp_path, [row(BLUE, DARK)], split="test")
    assert [files_of_row(one)[0] for one in read_preferences(tmp_path)] == [RED]
    assert [files_of_row(one)[0] for one in read_preferences(tmp_path, "test")] == [BLUE]


def test_columns_of_easel_are_optional(tmp_path: Path) -> None:
    """Pick-a-Pic's own folders have no weights."""
    facts = {name: value for name, value in row(RED, BLUE).items() if not name.startswith(("x_", "user"))}
    (only,) = read_preferences(save_rows(tmp_path, [facts]))
    assert (only.preference.weight, only.preference.rater) == (1.0, None)


def preferred(*pairs: str, weight: float = 1.0) -> list[Preference]:
    """Return votes on pictures of one caption that are called by letters: winner, loser."""
    return [Preference(caption="a cat", winner=pair[0], loser=pair[1], weight=weight) for pair in pairs]


def test_votes_against_each_other_cancel_each_other() -> None:
    """As far as they have the same weight; those on another caption are left alone."""
    dog = Preference(caption="a dog", winner="b", loser="a")
    kept = agreed_preferences([*preferred("ab"), *preferred("ab", "ba", weight=0.5), dog])
    assert [(one.caption, one.winner, one.loser) for one in kept] == [("a cat", "a", "b"), ("a dog", "b", "a")]
    # Won 1.5 of 2, and 1 of 1, beside a weight of 2 that says nothing.
    assert [one.weight for one in kept] == pytest.approx([2 * 1 / (2 + 2), 2 * 1 / (1 + 2)])
    assert agreed_preferences(preferred("ab", "ba")) == []


def test_votes_on_other_pictures_say_which_of_two_is_better() -> None:
    """Who beats all others is better than who loses to all, whatever one vote on these two says."""
    votes = preferred("ac", "ad", "ae", "cb", "db", "eb", "ba")
    kept = {(one.winner, one.loser): one.weight for one in agreed_preferences(votes)}
    assert kept.keys() == {("a", "c"), ("a", "d"), ("a", "e"), ("c", "b"), ("d", "b"), ("e", "b"), ("a", "b")}
    assert max(kept, key=kept.__getitem__) == ("a", "b")


def test_more_votes_are_surer() -> None:
    once, often = (agreed_preferences(preferred(*["ab"] * count))[0].weight for count in (1, 20))
    assert 0 < once < often < 2


def test_the_hash_says_which_votes_and_not_in_which_order(tmp_path: Path) -> None:
    some = [one.preference for one in read_preferences(save_rows(tmp_path, warm_rows(9)))]
    assert preferences_hash(some) == preferences_hash(some[::-1]) != preferences_hash(some[1:])


def test_too_few_and_one_member_alone_are_refused() -> None:
    """Unless it is not known whose they are; what was left out is said, because it may be why there are too few."""
    check_enough(MIN_PREFERENCES, {1, 2}, {})
    check_enough(MIN_PREFERENCES, {None}, {})
    with pytest.raises(
        PreferencesUnusable, match=f"There are 99 preferences, and at least {MIN_PREFERENCES}.*from. Ask"
    ):
        check_enough(MIN_PREFERENCES - 1, {1, 2}, {})
    with pytest.raises(PreferencesUnusable, match=r"Left out are 300: a damaged picture\. Ask"):
        check_enough(0, set(), {"a damaged picture": 300})
    with pytest.raises(PreferencesUnusable, match="All preferences are of one member"):
        check_enough(MIN_PREFERENCES, {3}, {})


def test_rows_that_lack_something_are_left_out(tmp_path: Path) -> None:
    """Or have a weight that is none; one that is missing is 1."""
    rows = [{**row(RED, BLUE), name: None} for name in ("caption", "jpg_0", "jpg_1", "label_0")]
    rows += [row(RED, BLUE, x_weight=weight) for weight in (0.0, -1.0, math.nan, math.inf)]
    (only,) = read_preferences(save_rows(tmp_path, [*rows, row(RED, BLUE, x_weight=None)]))
    assert only.preference.weight == 1.0


def files_of_row(one: PreferenceRow) -> tuple[bytes, bytes]:
    return one.read(one.preference.winner), one.read(one.preference.loser)


@pytest.mark.parametrize("problem", ["nothing", "no such split", "no columns", "no parquet"])
def test_a_folder_of_something_else_is_told(tmp_path: Path, problem: str) -> None:
    """In a sentence that says what to do."""
    file = tmp_path / "train-00000-of-00001.parquet"
    if problem == "no such split":
        save_rows(tmp_path, [row(RED, BLUE)], split="test")
    elif problem == "no columns":
        pq.write_table(pa.table({"caption": ["a cat"]}), file)
    elif problem == "no parquet":
        file.write_bytes(b"not that")
    told = {
        "nothing": "There is no Parquet file in",
        "no such split": 'There is no file of the split "train"',
        "no columns": "lacks the columns jpg_0, jpg_1, label_0",
        "no parquet": "cannot be read as Parquet",
    }
    with pytest.raises(PreferencesUnusable, match=told[problem]):
        list(read_preferences(tmp_path))
