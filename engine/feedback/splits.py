"""Splits of a data set: which prompt cluster is in which, so that nothing that belongs together is in two of them.

A cluster are the prompts that say the same in other words' order, case, weights or punctuation. Clusters whose words
are nearly the same belong together, and so do those of jobs of one lineage: a variation with an edited prompt takes its
prompt's cluster into its parent's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from engine.contract.jobs import JobSpec


class Split(StrEnum):
    """The splits by Pick-a-Pic's names; the unique ones hold one pair of each prompt of the split of that name."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    VALIDATION_UNIQUE = "validation_unique"
    TEST_UNIQUE = "test_unique"


# Those that divide the prompts among them.
FULL = (Split.TRAIN, Split.VALIDATION, Split.TEST)
UNIQUE = MappingProxyType({Split.VALIDATION: Split.VALIDATION_UNIQUE, Split.TEST: Split.TEST_UNIQUE})

# Shares of the clusters; the rest is for training.
_SHARES = ((Split.TEST, 0.05), (Split.VALIDATION, 0.05))

# The weight of an attention group such as `(word:1.3)`.
_WEIGHT = re.compile(r":\s*[+-]?\d*\.?\d+\s*(?=\))")
_WORD = re.compile(r"[^\W_]+")


def caption_from_spec(spec: JobSpec) -> str:
    """Return the prompt as its author wrote it, without parameters, links and what `--no` names."""
    return ", ".join(part.text for part in spec.parts if part.weight > 0)


def cluster_of_caption(caption: str) -> str:
    """Return the name of the caption's cluster, which is the same for the same words in any order.

    Case, Unicode forms, punctuation, attention weights and repetitions make no difference. A caption without words is
    a cluster of its own.
    """
    words = sorted(words_of_caption(caption))
    return hashlib.sha256(" ".join(words or ["", _evened(caption)]).encode()).hexdigest()


def words_of_caption(caption: str) -> set[str]:
    """Return the caption's words, without what makes no difference to its cluster."""
    return set(_WORD.findall(_WEIGHT.sub("", _evened(caption))))


def _evened(caption: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", caption).casefold().split())


def merge_clusters(lineage: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return for each cluster of the lineage the name of all that it belongs together with: the least of theirs.

    lineage: the clusters of a job's and its parent's prompts. Clusters that are missing belong to themselves alone.
    """
    leader: dict[str, str] = {}

    def find(cluster: str) -> str:
        while (above := leader.get(cluster, cluster)) != cluster:
            leader[cluster] = leader.get(above, above)
            cluster = above
        return cluster

    for pair in lineage:
        first, second = sorted(map(find, pair))
        leader[first] = leader[second] = first
    for cluster in list(leader):
        leader[cluster] = find(cluster)
    return leader


def split_of_cluster(cluster: str, seed: int) -> Split:
    """Return the split of a cluster: by chance, and the same for the same cluster and seed in every export."""
    digest = hashlib.sha256(f"{seed} {cluster}".encode()).digest()
    drawn = int.from_bytes(digest[:8], "big") / 2**64
    for split, share in _SHARES:
        if drawn < share:
            return split
        drawn -= share
    return Split.TRAIN
