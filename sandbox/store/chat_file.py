"""The folder of a stored chat: opening, reading and writing it. Everything here blocks, and runs in one thread."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sandbox.state.records import Json
from sandbox.store.record_json import json_from_record

FORMAT = 1
SECRET_BYTES = 32
# A sandbox that was told to stop, or whose parent was killed, may take a moment.
_BUSY_SECONDS = 5.0

_TABLES = """
CREATE TABLE IF NOT EXISTS records (kind TEXT, id INTEGER, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
_PUT = "INSERT INTO records (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"
_REMOVE = "DELETE FROM records WHERE kind = ? AND id = ?"
_PUT_FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_PUT_KEY = "INSERT INTO facts (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING"

Key = tuple[str, int]
FILES = "files"


class ChatUnreadable(Exception):
    """The stored chat cannot be read: `reason` says why, as the end of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChatInUse(Exception):
    """Another sandbox has opened the stored chat in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The chat in {folder} is open in another sandbox. Stop that, or use another EASEL_HOME.")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """An attachment's content: its SHA-256 in hex is its file's name."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ChangeBatch:
    """Changes that are stored together. A record of None is removed; `unused` are the files of no record any more."""

    records: Mapping[Key, object | None]
    files: Mapping[int, bytes] = field(default_factory=dict)
    unused: frozenset[str] = frozenset()
    last_id: int = 0


@dataclass(frozen=True, kw_only=True)
class StoredChat:
    """What was stored: bodies by kind and id, the largest id ever given, and the secret that signs addresses."""

    records: Mapping[str, Mapping[int, Json]]
    last_id: int
    secret: bytes


class ChatFile:
    """An open chat in a folder, which no other process can open meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Open or create it.

        Raises: ChatUnreadable when it is damaged or of a newer release, ChatInUse, OSError.
        """
        self._files = folder / "files"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.mkdir(exist_ok=True)
        self._connection = sqlite3.connect(folder / "chat.sqlite", isolation_level=None, timeout=_BUSY_SECONDS)
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self._connection.close()
            if "locked" in str(error):
                raise ChatInUse(folder) from error
            raise OSError(f"The chat in {folder} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ChatUnreadable("it is damaged") from error
        except ChatUnreadable:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        (version,) = execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise ChatUnreadable("a newer release of Easel has written it")
        execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; a machine that loses power loses the last moments and no more.
        execute("PRAGMA synchronous = NORMAL")
        execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            execute(statement)
        execute(f"PRAGMA user_version = {FORMAT}")
        execute(_PUT_KEY, (os.urandom(SECRET_BYTES),))
        execute("COMMIT")
        if execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise ChatUnreadable("it is damaged")

    def read(self) -> StoredChat:
        """Return what is stored, and delete files that nothing names.

        Raises: ChatUnreadable.
        """
        records: dict[str, dict[int, Json]] = {}
        try:
            for kind, number, body in self._connection.execute("SELECT kind, id, body FROM records ORDER BY kind, id"):
                records.setdefault(kind, {})[number] = json.loads(body)
            facts = dict(self._connection.execute("SELECT name, value FROM facts"))
        except (sqlite3.DatabaseError, ValueError) as error:
            raise ChatUnreadable("it is damaged") from error
        named = {body["sha256"] for body in records.get(FILES, {}).values()}
        self._delete(path.name for path in self._files.iterdir() if path.name not in named)
        return StoredChat(records=records, last_id=facts.get("last_id", 0), secret=facts["secret"])

    def write(self, batch: ChangeBatch) -> dict[int, StoredFile]:
        """Store a batch, all of it or nothing, and return where its files are.

        Raises: sqlite3.Error, OSError.
        """
        stored = {number: self._put_file(content) for number, content in batch.files.items()}
        records = {**batch.records, **{(FILES, number): file for number, file in stored.items()}}
        execute, executemany = self._connection.execute, self._connection.executemany
        execute("BEGIN IMMEDIATE")
        try:
            executemany(_PUT, [(*key, _text(record)) for key, record in records.items() if record is not None])
            executemany(_REMOVE, [key for key, record in records.items() if record is None])
            execute(_PUT_FACT, ("last_id", batch.last_id))
            execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                execute("ROLLBACK")
        self._delete(batch.unused - {file.sha256 for file in stored.values()})
        return stored

    def _put_file(self, content: bytes) -> StoredFile:
        stored = StoredFile(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
        path = self._files / stored.sha256
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
        return stored

    def read_file(self, sha256: str) -> bytes | None:
        """Return a file's content, None when it is missing or not what its name says."""
        try:
            content = (self._files / sha256).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            (self._files / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def _text(record: object) -> str:
    return json.dumps(json_from_record(record), separators=(",", ":"))


def set_aside(folder: Path) -> Path:
    """Rename a chat that cannot be read, so that a new one has its place, and return where it is."""
    kept = folder.with_name(f"{folder.name}.unreadable-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    folder.rename(kept)
    return kept


def start_anew(folder: Path) -> None:
    """Rename a chat to `.previous`, in the place of the one that was there before."""
    previous = folder.with_name(f"{folder.name}.previous")
    if folder.exists():
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
