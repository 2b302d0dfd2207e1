"""Near duplicates: all pairs that are as similar as that, and no others."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from engine.feedback.near_duplicates import WordSets
from engine.feedback.splits import (
    cluster_of_caption,
    merge_clusters,
    split_of_cluster,
    words_of_caption,
)

_CAPTIONS = st.lists(st.lists(st.sampled_from("abcdefghijkl"), max_size=12).map(" ".join), max_size=25)


def _sets(captions: list[str]) -> WordSets:
    sets = WordSets()
    for caption in captions:
        sets.add(cluster_of_caption(caption), words_of_caption(caption))
    return sets


def _are_near(one: set[str], other: set[str]) -> bool:
    return bool(one) and 5 * len(one & other) >= 4 * len(one | other)


@given(_CAPTIONS)
def test_the_pairs_are_those_of_comparing_each_with_each(captions: list[str]) -> None:
    words = {cluster_of_caption(caption): words_of_caption(caption) for caption in captions}
    expected = {frozenset(pair) for pair in combinations(words, 2) if _are_near(words[pair[0]], words[pair[1]])}
    assert {frozenset(pair) for pair in _sets(captions).near_duplicates()} == expected


@given(_CAPTIONS, st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=5), st.integers())
def test_no_split_has_a_prompt_near_one_of_another(
    captions: list[str], parents: list[tuple[int, int]], seed: int
) -> None:
    """Nor one that a variation of another has."""
    clusters = [cluster_of_caption(caption) for caption in captions]
    lineage = [(clusters[child], clusters[parent]) for child, parent in parents if max(child, parent) < len(clusters)]
    families = merge_clusters([*lineage, *_sets(captions).near_duplicates()])
    splits = {cluster: split_of_cluster(families.get(cluster, cluster), seed) for cluster in clusters}
    together = [
        (one, other)
        for one, other in combinations(captions, 2)
        if _are_near(words_of_caption(one), words_of_caption(other))
    ]
    assert all(splits[cluster_of_caption(one)] is splits[cluster_of_caption(other)] for one, other in together)
    assert all(splits[child] is splits[parent] for child, parent in lineage)


def test_quality_words_alone_do_not_join_what_differs() -> None:
    same = "red fox in deep snow at night, oil painting"
    captions = [same, f"{same}, 4k", "red dog in deep sea at noon, oil painting", "a cat", "a dog"]
    assert [set(pair) for pair in _sets(captions).near_duplicates()] == [
        {cluster_of_caption(captions[0]), cluster_of_caption(captions[1])}
    ]
