"""The part of a recipe that says which IP-Adapters read its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.contract.errors import SettingsInvalid, WeightsMismatch
from engine.models.files.folder_hash import ip_adapter_hash
from engine.models.files.locate import ip_adapter_files
from engine.painter.sampling.params import SamplingParams


def reference_entries(params: SamplingParams, hashes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the name, scale and hash of each IP-Adapter that read pictures, `hashes` being in the same order."""
    pairs = zip(params.references, hashes, strict=True)
    return [{"name": one.adapter.name, "scale": one.scale, "sha256": sha256} for one, sha256 in pairs]


def check_references(recorded: Sequence[Mapping[str, Any]], params: SamplingParams) -> None:
    """Return if the IP-Adapters that read the request's pictures are those of the recipe.

    Raises: SettingsInvalid for others, WeightsMismatch for other files, WeightsMissing.
    """
    then = [(one["name"], one["scale"]) for one in recorded]
    if then != [(one.adapter.name, one.scale) for one in params.references]:
        names = ", ".join(name for name, _ in then) or "none"
        problem = f"The picture was painted with these IP-Adapters: {names}. Register them in EASEL_MODELS_FILE again."
        raise SettingsInvalid(problems=(problem,))
    for one, reference in zip(recorded, params.references, strict=True):
        file, encoder = ip_adapter_files(reference.adapter)
        if ip_adapter_hash(file, encoder) != one["sha256"]:
            error = WeightsMismatch(path=file)
            error.facts = {**error.facts, "painted_with": one["sha256"]}
            raise error
