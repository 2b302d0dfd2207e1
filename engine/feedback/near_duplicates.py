"""Sets of words that are nearly the same, all of them and no others, without comparing each set with each.

Source: Bayardo, Ma and Srikant 2007 (All-Pairs): of two sets whose Jaccard similarity is t or more, the first
n - ceil(t n) + 1 words of each, in one order of all words, have one in common. With rare words first, few sets do.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

# Four fifths of the words of both; whole numbers, which do not round.
_COMMON, _OF = 4, 5


class WordSets:
    """Sets of words by name; words are held as numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._sets: dict[str, array[int]] = {}

    def add(self, name: str, words: Iterable[str]) -> None:
        """Add a set; another one of the same name changes nothing."""
        if name not in self._sets:
            numbers = {self._numbers.setdefault(word, len(self._numbers)) for word in words}
            self._sets[name] = array("I", sorted(numbers))

    def near_duplicates(self) -> Iterator[tuple[str, str]]:
        """Yield the names of each two sets that have four fifths of their words in common, or more."""
        rarity = Counter[int]()
        for words in self._sets.values():
            rarity.update(words)
        by_word: dict[int, list[str]] = {}
        # A set is compared with those that are as small or smaller.
        for name, words in sorted(self._sets.items(), key=lambda item: len(item[1])):
            least = -(-_COMMON * len(words) // _OF)
            first = sorted(words, key=lambda word: (rarity[word], word))[: len(words) - least + 1]
            met = {other for word in first for other in by_word.get(word, ())}
            mine = set(words)
            for other in sorted(met):
                of_other = self._sets[other]
                if len(of_other) >= least and _is_near(mine, of_other):
                    yield name, other
            for word in first:
                by_word.setdefault(word, []).append(name)


def _is_near(one: set[int], other: array[int]) -> bool:
    common = sum(word in one for word in other)
    return _OF * common >= _COMMON * (len(one) + len(other) - common)
