"""Records the hashes of weights in the registry file; all else in the file stays as it is."""

from __future__ import annotations

from pathlib import Path

from engine.contract.errors import SettingsInvalid
from engine.models.registry.toml_edit import text_from_key, text_with_hash


def record_hash(path: Path, name: str, sha256: str, *, table: str = "models", key: str = "sha256") -> None:
    """Write the hash of a model or an adapter into its entry in the registry file, replacing an existing one.

    Raises: SettingsInvalid with the line to add by hand if the entry's syntax is not supported; the file is then
    unchanged.
    """
    edited = text_with_hash(path.read_bytes().decode(), table, name, sha256, key)
    if edited is None:
        entry = f"[{table}.{text_from_key(name)}]"
        sentence = f'{path}: cannot update {entry} automatically. Add this line to it: {key} = "{sha256}"'
        raise SettingsInvalid(problems=(sentence,))
    path.write_bytes(edited.encode())
