"""Preferences to learn from: pairs of pictures of one caption, in the columns of Pick-a-Pic.

Source: the cards of pickapic_v1 and _v2; Easel's `pickapic` export adds `x_weight`.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_NEEDED = ("caption", "jpg_0", "jpg_1", "label_0")
_WEIGHT, _RATER = "x_weight", "user_id"
_ROWS = 256
# Taken to be half won and half lost by each picture, so that few votes make no clear winner.
_PRIOR_WEIGHT = 2.0

MIN_PREFERENCES = 100
"""Below, a LoRA learns the pictures and not the taste; about 4,000 are needed to see a change."""


class PreferencesUnusable(ValueError):
    """A folder has no preferences that can be learnt from; the text says what is wrong and what to do.

    count: how many there are, where that is what is wrong.
    """

    def __init__(self, text: str, count: int | None = None) -> None:
        super().__init__(text)
        self.count = count


_Picture = tuple[str, str]  # a caption, and the SHA-256 of a picture of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Preference:
    """Two pictures of one caption, of which one was preferred.

    winner, loser: SHA-256 of the picture's file. weight: how far the preference can be relied on, above 0.
    rater: whose it is, by something that means nothing elsewhere; None if it was not recorded.
    """

    caption: str
    winner: str
    loser: str
    weight: float = 1.0
    rater: Hashable = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferenceRow:
    """A preference, and what returns the file of the winner or the loser, by its hash.

    `read` raises OSError or PictureCorrupt for a damaged one.
    """

    preference: Preference
    read: Callable[[str], bytes]


def read_preferences(folder: Path, split: str = "train") -> Iterator[PreferenceRow]:
    """Yield the preferences of a split in the order of its files; ties and rows that lack something are left out.

    Files are read a few hundred rows at a time.

    Raises: PreferencesUnusable.
    """
    for file in files_of(folder, split):
        with _opened(file) as source:
            names = [*_NEEDED, *({_WEIGHT, _RATER} & set(source.schema_arrow.names))]
            for rows in source.iter_batches(_ROWS, columns=names):
                yield from (_row(row) for row in rows.to_pylist() if _is_usable(row))


def files_of(folder: Path, split: str) -> Sequence[Path]:
    """Return the Parquet files of a split, by name: those that `datasets` would read too.

    Raises: PreferencesUnusable if there are none.
    """
    found = sorted(folder.rglob("*.parquet"))
    if not found:
        raise PreferencesUnusable(
            f"There is no Parquet file in {folder}. Make one with `easel export pickapic -o {folder}`."
        )
    if named := [file for file in found if file.name.split("-")[0] == split]:
        return named
    raise PreferencesUnusable(f'There is no file of the split "{split}" in {folder}.')


def preferences_hash(preferences: Sequence[Preference]) -> str:
    """Return the SHA-256 of the preferences, whatever their order: which votes a model has learnt from."""
    lines = sorted(f"{one.winner} {one.loser} {one.weight:g} {one.caption}" for one in preferences)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def agreed_preferences(preferences: Iterable[Preference]) -> Sequence[Preference]:
    """Return one preference for each caption and two pictures that were compared: how far all votes agree on it.

    weight: by how much the winner's standing is above the loser's, above 0 and below 2. A picture's standing is the
    weight of its wins less that of its losses, of all votes on the caption, relative to both and `_PRIOR_WEIGHT`.
    Votes on other pictures of the caption therefore count as well, and two pictures of equal standing are left out.
    Source: Shah and Wainwright 2018 (counting wins), section 2.2, with a prior.
    """
    gains, weights = defaultdict[_Picture, float](float), defaultdict[_Picture, float](float)
    compared = dict[frozenset[_Picture], Preference]()
    for one in preferences:
        winner, loser = (one.caption, one.winner), (one.caption, one.loser)
        compared.setdefault(frozenset((winner, loser)), one)
        for picture, gain in ((winner, one.weight), (loser, -one.weight)):
            gains[picture] += gain
            weights[picture] += one.weight
    standing = {picture: gain / (weights[picture] + _PRIOR_WEIGHT) for picture, gain in gains.items()}
    agreed = (_by_standing(one, standing) for one in compared.values())
    return [one for one in agreed if one.weight > 0]


def _by_standing(one: Preference, standing: Mapping[_Picture, float]) -> Preference:
    lead = standing[one.caption, one.winner] - standing[one.caption, one.loser]
    sides = (one.winner, one.loser) if lead > 0 else (one.loser, one.winner)
    return replace(one, winner=sides[0], loser=sides[1], weight=abs(lead))


def check_enough(count: int, raters: Set[Hashable], left_out: Mapping[str, int], *, is_personal: bool = False) -> None:
    """Return if a community can be learnt from in so many preferences of these raters, or one member.

    left_out: how many others cannot be learnt from, by reason. is_personal: whether one member's taste is wanted.

    Raises: PreferencesUnusable for too few, and for those of one member.
    """
    if count < MIN_PREFERENCES:
        others = "".join(f" Left out are {number}: {reason}." for reason, number in sorted(left_out.items()))
        raise PreferencesUnusable(
            f"There are {count} preferences, and at least {MIN_PREFERENCES} are needed to learn from.{others} "
            "Ask members to rate pictures, and to agree to training with /privacy.",
            count,
        )
    if not is_personal and len(raters) == 1 and None not in raters:
        raise PreferencesUnusable(
            "All preferences are of one member, so this would be that member's taste. Learn when others have rated too."
        )


def _opened(file: Path) -> pq.ParquetFile:
    try:
        source = pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise PreferencesUnusable(f"{file} cannot be read as Parquet. Export it again.") from error
    missing = [name for name in _NEEDED if name not in source.schema_arrow.names]
    if missing:
        source.close()
        raise PreferencesUnusable(
            f"{file} lacks the columns {', '.join(missing)}. Learning reads Pick-a-Pic's columns: export `pickapic`."
        )
    return source


def _is_usable(row: Mapping[str, Any]) -> bool:
    has_all = all(row[name] for name in ("caption", "jpg_0", "jpg_1"))
    return has_all and row["label_0"] in (0, 1) and 0 < _weight_of(row) < math.inf


def _weight_of(row: Mapping[str, Any]) -> float:
    weight = row.get(_WEIGHT)
    return 1.0 if weight is None else float(weight)


def _row(row: Mapping[str, Any]) -> PreferenceRow:
    sides = row["jpg_0"], row["jpg_1"]
    # The same texts are in many rows, which are all held.
    hashes = [sys.intern(hashlib.sha256(data).hexdigest()) for data in sides]
    winner, loser = hashes if row["label_0"] else reversed(hashes)
    preference = Preference(
        caption=sys.intern(row["caption"]), winner=winner, loser=loser, weight=_weight_of(row), rater=row.get(_RATER)
    )
    return PreferenceRow(preference=preference, read=dict(zip(hashes, sides, strict=True)).__getitem__)
