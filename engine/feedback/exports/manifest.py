"""The manifest of a release: what is in it, by which rules, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.feedback.exports.publish import Written
from engine.feedback.exports.writing import Publishing
from engine.feedback.records import ConsentRecord

NAME = "manifest.json"
FORMAT = "easel-release"
VERSION = 1


def manifest(
    written: Iterable[Written], publishing: Publishing, record: ConsentRecord | None, figures: Mapping[str, object]
) -> dict[str, Any]:
    """Return what the manifest says apart from the files."""
    request = publishing.request
    return {
        "format": FORMAT,
        "version": VERSION,
        "release": request.release,
        "exported_on": datetime.now(UTC).date().isoformat(),
        "since": request.since and request.since.isoformat(),
        "until": request.until and request.until.isoformat(),
        "model": request.model,
        "min_weight": request.min_weight,
        "split_seed": request.split_seed,
        "members": len(publishing.needed),
        **_consents(publishing, record),
        "damaged_pictures": len(publishing.pictures.damaged),
        "measured": figures,
        "formats": {one.format.name: _format(one, publishing.request.release) for one in written},
    }


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts, and the SHA-256 and the size of every file of the folder, to `manifest.json` in it."""
    files = {path: {"sha256": digest, "bytes": size} for path, digest, size in _hashes(folder)}
    content = json.dumps({**facts, "files": files}, indent=1, ensure_ascii=False)
    (folder / NAME).write_text(content + "\n", encoding="utf-8")


def _consents(publishing: Publishing, record: ConsentRecord | None) -> Mapping[str, object]:
    """Return by which versions of the text the members agreed, and how many were removed from what there was before."""
    if record is None:
        return {}
    versions = Counter(record.versions.get(member) for member in publishing.needed)
    by_text = {str(version): count for version, count in sorted(versions.items(), key=str)}
    return {"members_by_consent_version": by_text, "removals": record.removals}


def _format(one: Written, release: str) -> Mapping[str, object]:
    return {
        "folder": one.format.folder.format(release=release),
        "counts": dict(one.writer.counts),
        "splits": {split: rows for split, rows in sorted(one.writer.rows.items()) if rows},
        "left_out": one.left_out,
    }


def _hashes(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield path, hash and size of each file; those that are one file on the disk are read once where they follow."""
    known: dict[int, str] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found = path.stat()
        digest = known.pop(found.st_ino, None) if found.st_nlink > 1 else None
        if digest is None:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        if found.st_nlink > 1:
            known[found.st_ino] = digest
        yield path.relative_to(folder).as_posix(), digest, found.st_size
