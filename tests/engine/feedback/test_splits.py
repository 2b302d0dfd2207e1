"""Splits: nothing that belongs together is in two of them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.jobs import JobSpec, Part
from engine.feedback.splits import (
    Split,
    caption_from_spec,
    cluster_of_caption,
    merge_clusters,
    split_of_cluster,
)

_CLUSTERS = st.integers(0, 30).map(str)
_LINEAGE = st.lists(st.tuples(_CLUSTERS, _CLUSTERS))


@given(_LINEAGE, st.integers())
def test_no_lineage_crosses_splits(lineage: list[tuple[str, str]], seed: int) -> None:
    """Whatever a chain of parents connects is in one split."""
    merged = merge_clusters(lineage)
    for child, parent in lineage:
        assert merged[child] == merged[parent]
        assert split_of_cluster(merged[child], seed) is split_of_cluster(merged[parent], seed)


@given(_LINEAGE, st.randoms())
def test_merging_is_exact_and_in_any_order(lineage: list[tuple[str, str]], random: object) -> None:
    """Clusters are merged only if a chain connects them, and the order of the pairs does not matter."""
    connected: dict[str, set[str]] = {}
    for child, parent in lineage:
        both = connected.get(child, {child}) | connected.get(parent, {parent})
        connected |= dict.fromkeys(both, both)
    expected = {cluster: min(together) for cluster, together in connected.items()}
    assert merge_clusters(lineage) == expected
    assert merge_clusters([(parent, child) for child, parent in reversed(lineage)]) == expected


@given(st.permutations(["red", "CAT", "on", "straße", "猫"]), st.sampled_from([" ", ",  ", " - ", "\n"]))
def test_the_same_words_are_one_cluster(words: list[str], between: str) -> None:
    assert cluster_of_caption(between.join(words)) == cluster_of_caption("(Red:1.3) cat, on STRASSE. 猫 red")


def test_other_words_are_other_clusters() -> None:
    captions = ["a cat", "a cat in 2024", "a cat in 2025", "cats", "!!", "!?", "", "猫", "犬"]
    assert len({cluster_of_caption(caption) for caption in captions}) == len(captions)


@pytest.mark.parametrize("seed", [0, 1, -5, 2**70])
def test_splits_have_their_shares(seed: int) -> None:
    counts = Counter(split_of_cluster(str(cluster), seed) for cluster in range(4000))
    assert counts.keys() == {Split.TRAIN, Split.VALIDATION, Split.TEST}
    assert all(130 < counts[split] < 270 for split in (Split.VALIDATION, Split.TEST))


def test_another_seed_draws_anew() -> None:
    drawn = [[split_of_cluster(str(cluster), seed) for cluster in range(200)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_caption_has_no_parameters() -> None:
    spec = JobSpec(
        prompt="007::2 (None:1.2) --no text --ar 3:2",
        parts=(Part(text="007", weight=2.0), Part(text="(None:1.2)"), Part(text="text", weight=-0.5)),
        parameters={"ar": "3:2"},
    )
    assert caption_from_spec(spec) == "007, (None:1.2)"
