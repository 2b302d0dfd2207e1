"""What an impression says of pictures and prompts, from their recipes and specs."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

from engine.contract.jobs import JobSpec, Picture
from engine.feedback.records import ShownAdapter, ShownPicture

# Of a recipe: the prompt, the seed, what an impression names apart, and what decides nothing that anybody would see.
_NOT_SETTINGS = frozenset(
    {
        "spec",
        "positive",
        "negative",
        "cut",
        "seed",
        "slot",
        "pictures",
        "model",
        "model_sha256",
        "loras",
        "lora_sha256",
        "libraries",
    }
)


def shown_from_picture(picture: Picture) -> ShownPicture:
    """Return the picture as an impression records it."""
    recipe = picture.recipe
    hashes = recipe.get("lora_sha256", {})
    return ShownPicture(
        picture_id=picture.id,
        slot=picture.slot,
        seed=picture.seed,
        model=recipe.get("model"),
        model_hash=recipe.get("model_sha256"),
        adapters=tuple(
            ShownAdapter(name=name, weight=weight, sha256=hashes.get(name)) for name, weight in recipe.get("loras", ())
        ),
        settings_hash=_hash({name: value for name, value in recipe.items() if name not in _NOT_SETTINGS}),
    )


def hash_of_prompt(spec: JobSpec) -> str:
    """Return the SHA-256 of the prompt's parts and weights, with spaces, letter case and Unicode forms evened out.

    Parameters are left out, apart from the parts that `--no` adds.
    """
    return _hash([[_evened(part.text), part.weight] for part in spec.parts])


def _evened(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _hash(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
