"""The manifest of a backup: what it holds, and the hash by which its dump is known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.store.file_copies import write_whole

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is in the folder of a backup.

    made_at: in UTC. release, revision: of Easel and of its schema. dump, dump_sha256: the file of the database.
    jobs, pictures: how many the database has and how many files were copied. missing: keys of pictures that the store
        did not have whole.
    """

    made_at: str
    release: str
    revision: str
    dump: str
    dump_sha256: str
    jobs: int
    pictures: int
    missing: tuple[str, ...] = ()
    format: int = FORMAT


class ManifestUnreadable(Exception):
    """The folder holds no backup that this release can read; the message says why, as a sentence."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, last of all: a folder without one holds no whole backup."""
    write_whole(folder / NAME, (json.dumps(asdict(manifest), indent=2) + "\n").encode())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the backup in `folder`, whose dump is there and whole.

    Raises: ManifestUnreadable.
    """
    try:
        facts = json.loads((folder / NAME).read_bytes())
        manifest = Manifest(**{**facts, "missing": tuple(facts["missing"])})
    except FileNotFoundError as error:
        raise ManifestUnreadable(f"{folder} holds no backup, or one that was not finished.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ManifestUnreadable(f"{folder / NAME} is damaged, or a newer release of Easel has written it.") from error
    if manifest.format != FORMAT:
        raise ManifestUnreadable(f"A newer release of Easel has made this backup, {manifest.release}. Install that.")
    if sha256_of(folder / manifest.dump) != manifest.dump_sha256:
        raise ManifestUnreadable(f"{folder / manifest.dump} is damaged or missing. Use another backup.")
    return manifest


def sha256_of(file: Path) -> str | None:
    """Return the hash of the file, None if it is not there."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return None
