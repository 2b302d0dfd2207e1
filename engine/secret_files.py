"""Secrets in files, as containers have them: `DISCORD_TOKEN_FILE` names the file that holds `DISCORD_TOKEN`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

FILE_SUFFIX = "_FILE"


def read_secret_files(names: Sequence[str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the secrets that files hold, by the variables that they stand for, and a sentence for each that is wrong.

    A line break at the end of a file, as editors leave it, does not belong to the secret.
    """
    secrets, problems = {}, []
    for name in names:
        path = environ.get(name + FILE_SUFFIX)
        if not path:
            continue
        secret, problem = _read(Path(path))
        if environ.get(name):
            problems.append(f"{name} and {name}{FILE_SUFFIX} are both set. Keep one of them")
        elif problem:
            problems.append(f"{name}{FILE_SUFFIX} {problem}")
        else:
            secrets[name] = secret
    return secrets, problems


def _read(path: Path) -> tuple[str, str]:
    """Return the secret in the file, and what is wrong with it, one of which is empty."""
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return "", f"names {path}, which is not a text file"
    except OSError as error:
        return "", f"names {path}, which cannot be read ({error.strerror})"
    return secret, "" if secret else f"names {path}, which is empty"
