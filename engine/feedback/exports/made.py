"""What an export has made before it is complete, so that one to the same folder goes on with it when it is killed.

All is in one hidden folder: pictures, by ids that a secret makes; which of them are damaged; and finished shards. The
secret is there as well. Nothing that it made has left the folder, so that whoever goes on may use it again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.feedback.exports.request import Restart
from engine.feedback.exports.staging import Staging, left_over
from engine.store.file_copies import write_whole

FOLDER = ".made"
VERSION = 1
"""Of what shards hold, and in which order: those of another version are not used again."""

_STATE = "state.json"
_SHARDS = "shards"


@dataclass(frozen=True, kw_only=True)
class Made:
    """The files of an export in the making.

    folder: where it makes them. left: where those are that one which was killed had made.
    secret: makes ids and numbers in both.
    restart: what is taken over; None where no export was killed.
    """

    folder: Path
    left: Path
    secret: bytes
    restart: Restart | None

    def pictures(self) -> tuple[Path, Path]:
        """Return the folders of pictures, by their new ids."""
        return self.folder / "pictures", self.left / "pictures"

    def damaged(self) -> tuple[Path, Path]:
        """Return the folders that have a file for each picture that is damaged, of its key."""
        return self.folder / "damaged", self.left / "damaged"

    def shards(self, name: str) -> tuple[Path, Path]:
        """Return the folders of the shards of a format."""
        return self.folder / _SHARDS / name, self.left / _SHARDS / name

    def without_shards(self) -> Made:
        """Remove what depends on the moment at which the log was read; pictures do not."""
        for folder in (self.folder, self.left):
            shutil.rmtree(folder / _SHARDS, ignore_errors=True)
            shutil.rmtree(folder / "damaged", ignore_errors=True)
        return replace(self, restart=Restart.PICTURES) if self.restart is Restart.FINISHED else self

    def remove(self) -> None:
        """Remove what is left, once all files have their places."""
        for folder in (self.folder, self.left):
            shutil.rmtree(folder, ignore_errors=True)


def open_made(staging: Staging, moment: str) -> Made:
    """Return what there is to go on with.

    moment: says what is exported, and of which log. Where that is another than it was, shards are removed.
    """
    folder, left = staging.folder / FOLDER, left_over(staging.folder / FOLDER)
    secret, before = _read_state(left)
    if secret is None:
        shutil.rmtree(left, ignore_errors=True)
    restart = None
    if staging.was_begun:
        restart = Restart.NOTHING if secret is None else Restart.FINISHED
    made = Made(folder=folder, left=left, secret=secret or secrets.token_bytes(32), restart=restart)
    state = {"secret": made.secret.hex(), "moment": moment}
    write_whole(folder / _STATE, json.dumps(state).encode())
    return made if before == moment else made.without_shards()


def _read_state(left: Path) -> tuple[bytes | None, str | None]:
    try:
        state = json.loads((left / _STATE).read_text())
        return bytes.fromhex(state["secret"]), str(state["moment"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


class ShardsDiffer(Exception):
    """The rows are not those that the shards of an export which was killed were made of."""


@dataclass(frozen=True, kw_only=True)
class _Shard:
    """A finished shard; rows, size: its own. order: a hash of all rows of its split up to its end."""

    path: Path
    rows: int
    size: int
    order: str


class Shards:
    """The shards of a format, by split, each named by what it holds until all of them are finished.

    rows: of each split, those that were passed or added. sizes: of the finished shards, in bytes.
    """

    def __init__(self, made: Made, name: str) -> None:
        self.rows: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self._folder, self._left = made.shards(name)
        self._finished: dict[str, list[_Shard]] = {}
        self._taken_rows: Counter[str] = Counter()
        self._ends: dict[tuple[str, int], str] = {}
        self._orders: dict[str, hashlib._Hash] = {}

    def take_over(self) -> None:
        """Take over the shards that are whole, of each split up to the first one that is not."""
        for split, number, shard, digest in sorted(self._found(), key=lambda found: found[:2]):
            shards = self._finished.setdefault(split, [])
            if number != len(shards) or _digest(shard.path) != digest:
                continue
            taken = replace(shard, path=self._folder / shard.path.name)
            taken.path.parent.mkdir(parents=True, exist_ok=True)
            shard.path.rename(taken.path)
            shards.append(taken)
            self.sizes[split] += taken.size
            self._taken_rows[split] += taken.rows
            self._ends[split, self._taken_rows[split]] = taken.order

    def has(self, split: str, num_rows: int) -> bool:
        """Return whether the next so many rows of a split are in shards that were taken over."""
        return self.rows[split] + num_rows <= self._taken_rows[split]

    def passes(self, split: str, row_id: bytes) -> bool:
        """Count the next row of a split, and return whether it is in a shard that was taken over.

        Raises: ShardsDiffer when other rows are in it.
        """
        order = self._orders.setdefault(split, hashlib.sha256())
        order.update(row_id)
        self.rows[split] += 1
        if self._ends.get((split, self.rows[split]), order.hexdigest()) != order.hexdigest():
            raise ShardsDiffer
        return self.rows[split] <= self._taken_rows[split]

    def part(self, split: str) -> Path:
        """Return where the next shard of a split is made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{split}.part"

    def finish(self, split: str, *, rows: int, size: int, digest: str) -> None:
        """Keep the shard at `part`, which is closed.

        rows: in it. All that were passed until now are in it or in those before it. digest: the SHA-256 of its file.
        """
        shards = self._finished.setdefault(split, [])
        order = self._orders[split].hexdigest()
        path = self._folder / f"{split}.{len(shards):05}.{rows}.{size}.{order}.{digest}"
        self.part(split).rename(path)
        shards.append(_Shard(path=path, rows=rows, size=size, order=order))
        self.sizes[split] += size

    def place(self, path_of: Callable[[str, int, int], Path]) -> None:
        """Move all shards to their places, by split, number and how many the split has."""
        for split, shards in self._finished.items():
            for number, shard in enumerate(shards):
                path = path_of(split, number, len(shards))
                path.parent.mkdir(parents=True, exist_ok=True)
                shard.path.rename(path)

    def _found(self) -> Iterator[tuple[str, int, _Shard, str]]:
        for path in self._left.glob("*.*.*.*.*.*"):
            split, number, rows, size, order, digest = path.name.split(".")
            yield split, int(number), _Shard(path=path, rows=int(rows), size=int(size), order=order), digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
