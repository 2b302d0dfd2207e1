"""Preferences to learn from: pairs of pictures of one caption, in the columns of Pick-a-Pic.

Source: the cards of pickapic_v1 and _v2; Easel's `pickapic` export adds `x_weight`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_NEEDED = ("caption", "jpg_0", "jpg_1", "label_0")
_WEIGHT, _RATER = "x_weight", "user_id"
_ROWS = 256

MIN_PREFERENCES = 100
"""Below, a LoRA learns the pictures and not the taste; about 4,000 are needed to see a change."""


class PreferencesUnusable(ValueError):
    """A folder has no preferences that can be learnt from; the text says what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Two pictures of one caption, of which one was preferred.

    winner, loser: SHA-256 of the picture's file. weight: how far the preference can be relied on, above 0.
    rater: whose it is, by a number that means nothing elsewhere; None if it was not recorded.
    """

    caption: str
    winner: str
    loser: str
    weight: float = 1.0
    rater: int | None = None


@dataclass(frozen=True, kw_only=True)
class PreferenceRow:
    """A preference with the files of its pictures."""

    preference: Preference
    winner: bytes
    loser: bytes


def read_preferences(folder: Path, split: str = "train") -> Iterator[PreferenceRow]:
    """Yield the preferences of a split in the order of its files; ties and rows without a label are left out.

    Files are read a few hundred rows at a time.

    Raises: PreferencesUnusable.
    """
    for file in files_of(folder, split):
        with _opened(file) as source:
            names = [*_NEEDED, *({_WEIGHT, _RATER} & set(source.schema_arrow.names))]
            for rows in source.iter_batches(_ROWS, columns=names):
                yield from (_row(row) for row in rows.to_pylist() if _has_winner(row))


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


def without_contradictions(rows: Iterable[PreferenceRow]) -> Sequence[PreferenceRow]:
    """Return one row for each caption and two pictures, with what is left of their weights after opposite ones.

    Pictures of which as much weight is for the one as for the other are left out.
    """
    rows = list(rows)
    weights: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in rows:
        one = row.preference
        weights[one.caption, one.winner, one.loser] += one.weight
    kept = dict[tuple[str, str, str], PreferenceRow]()
    for row in rows:
        one = row.preference
        weight = weights[one.caption, one.winner, one.loser] - weights.get((one.caption, one.loser, one.winner), 0.0)
        if weight > 0:
            key = one.caption, one.winner, one.loser
            kept.setdefault(key, replace(row, preference=replace(one, weight=weight)))
    return list(kept.values())


def check_enough(preferences: Sequence[Preference]) -> None:
    """Return if a community can be learnt from in these preferences.

    Raises: PreferencesUnusable for too few, and for those of one member.
    """
    if len(preferences) < MIN_PREFERENCES:
        raise PreferencesUnusable(
            f"There are {len(preferences)} preferences, and at least {MIN_PREFERENCES} are needed to learn from. "
            "Ask members to rate pictures, and to agree to training with /privacy."
        )
    raters = {one.rater for one in preferences}
    if len(raters) == 1 and None not in raters:
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


def _has_winner(row: Mapping[str, Any]) -> bool:
    return row["label_0"] in (0, 1) and row.get(_WEIGHT, 1.0) > 0


def _row(row: Mapping[str, Any]) -> PreferenceRow:
    first, second = row["jpg_0"], row["jpg_1"]
    winner, loser = (first, second) if row["label_0"] else (second, first)
    preference = Preference(
        caption=row["caption"],
        winner=hashlib.sha256(winner).hexdigest(),
        loser=hashlib.sha256(loser).hexdigest(),
        weight=row.get(_WEIGHT, 1.0),
        rater=row.get(_RATER),
    )
    return PreferenceRow(preference=preference, winner=winner, loser=loser)
