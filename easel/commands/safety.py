"""`easel safety hash`: the lines of pictures for the list of those that must never appear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from easel.exit_codes import ExitCode
from easel.output import Output
from engine.contract.uploads import UploadRefused
from engine.hash_list import hash_of_picture, line_of_hash
from engine.uploads.check import check_picture


def hash_files(files: Sequence[Path], output: Output) -> int:
    """Print the hash of each picture with the name of its file; return 3 if one has none, otherwise 0."""
    code, lines = ExitCode.DONE, list[dict[str, str | None]]()
    for path in files:
        found, problem = _hash_of(path)
        lines.append({"file": str(path), "hash": found, "problem": problem})
        if problem:
            code = ExitCode.REQUEST
            typer.echo(f"{path}: {problem}", err=True)
        elif not output.as_json:
            typer.echo(f"{found} {path.name}")
    if output.as_json:
        output.print_json(lines)
    return code


def _hash_of(path: Path) -> tuple[str | None, str | None]:
    """Return the hash of the picture, or what is wrong with its file."""
    try:
        found = hash_of_picture(check_picture(path.read_bytes()).png)
    except OSError as error:
        return None, f"cannot be read: {error.strerror}."
    except UploadRefused:
        return None, "is no still picture in PNG, JPEG, WebP, GIF or AVIF that is whole."
    if found is None:
        return None, "has a single shade, so that its hash would fit many others. It cannot be listed."
    return line_of_hash(found), None
