"""What is written down with a picture so that it can be painted again: as data, and as the text other tools read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any

import structlog

from engine.contract.edits import edit_from_json, json_from_edit
from engine.contract.errors import PictureCorrupt, SettingsInvalid, WeightsMismatch
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_SEED, Operation, Part, json_from_spec, spec_from_json
from engine.contract.painting import NUM_PICTURES, PaintRequest
from engine.contract.samplers import SAMPLERS
from engine.models.files.locate import local_path
from engine.models.files.weights import hash_of, resolve_hash
from engine.models.registry.registry import Registry
from engine.painter.events import Finished
from engine.painter.output.recipe_check import check_recipe
from engine.painter.sampling.params import SamplingParams, params_from_request, seed_of_slot

_log = structlog.get_logger(__name__)

# Entries that every release wrote.
_ALWAYS = frozenset(
    (
        *("spec", "seed", "width", "height", "steps", "guidance", "sampler", "positive", "negative", "loras"),
        *("strength", "stop", "model", "model_sha256", "libraries"),
    )
)
LIBRARIES = ("torch", "diffusers", "transformers")


def recipe_of(request: PaintRequest, params: SamplingParams, finished: Finished, slot: int) -> dict[str, Any]:
    """Return everything that painting a picture again takes, JSON-ready.

    slot, pictures: its index and the number of pictures of the request; the same bytes need both.
    lora_sha256: hash of each adapter's file by its name; absent in recipes of older releases.
    source_sha256: hash of the encoded image that a variation starts from; None when it was painted from noise.
    operation, edit: what was done to the source; absent where all of it was varied at the size that the spec has.
    joined: whether a positive part is several of the prompt, in one text; absent where each has a row of its own.
    cut: the ends of texts that did not fit the text encoder; absent when everything fitted.
    scheduler, speed: the operator's changes to the model's scheduler, and its settings for speed; absent when there
        are none.
    """
    edit = request.edit if request.edit and request.edit.canvas else None
    recipe: dict[str, Any] = {
        "spec": json_from_spec(request.spec),
        "seed": seed_of_slot(request, slot),
        "slot": slot,
        "pictures": request.num_pictures,
        **{name: value for name, value in _in_force(params).items() if value is not None},
        "positive": _parts(params.positive),
        "negative": _parts(params.negative),
        **({"joined": True} if params.is_joined else {}),
        "loras": [[adapter.name, weight] for adapter, weight in params.loras],
        "lora_sha256": {
            adapter.name: sha256 for (adapter, _), sha256 in zip(params.loras, finished.lora_sha256, strict=True)
        },
        "strength": params.strength,
        "source_sha256": request.source and hashlib.sha256(request.source).hexdigest(),
        **(
            {"operation": request.operation.value, "edit": json_from_edit(replace(edit, strength=params.strength))}
            if edit
            else {}
        ),
        "stop": params.stop,
        "model": params.model.name,
        "model_sha256": finished.sha256,
        "libraries": dict(_versions()),
    }
    return recipe | ({"cut": list(finished.truncated_texts)} if finished.truncated_texts else {})


def request_from_recipe(
    recipe: Mapping[str, Any], registry: Registry, source: bytes | None = None, mask: bytes | None = None
) -> PaintRequest:
    """Return the request that paints the recipe's picture again, in slot `recipe["slot"]`, with new ids.

    source: the encoded image that a variation starts from. mask: the file of the mask that the edit names.
    With other library versions than the recipe's, which are logged, the picture looks the same and its bytes may
    differ. This hashes the files of the model and its adapters, which takes a while.

    Raises: RecipeUnreadable, WeightsMismatch when the files of the model or an adapter have changed, ModelUnknown,
    SettingUnsupported for an adapter that is no longer registered, WeightsMissing, PictureCorrupt for a source or mask
    that is not the recipe's, SettingsInvalid when the model's defaults have changed.
    """
    recipe = completed_recipe(recipe, source)
    check_recipe(recipe)
    model = registry.model(recipe["model"])
    resolve_hash(local_path(model), recipe["model_sha256"], model.source.variant)
    if (source and hashlib.sha256(source).hexdigest()) != recipe["source_sha256"]:
        raise PictureCorrupt(key=recipe["source_sha256"], cause="another than the one the picture was made from")
    named = recipe.get("edit", {}).get("mask", {}).get("sha256")
    if (mask and hashlib.sha256(mask).hexdigest()) != named:
        raise PictureCorrupt(key=named, cause="another mask than the one the picture was made with")
    if recipe["libraries"] != _versions():
        _log.warning("painted_with_other_libraries", then=recipe["libraries"], now=_versions())
    request = replace(_request(recipe, source), mask=mask)
    params = params_from_request(request, registry)
    _check_defaults(recipe, params)
    _check_adapters(recipe.get("lora_sha256", {}), params)
    return request


def completed_recipe(recipe: Any, source: bytes | None = None, slot: int = 0) -> Any:
    """Return a recipe with the entries that the first releases did not record; any other recipe is unchanged.

    source: the encoded image that a variation starts from, which they did not hash. slot: of the stored picture. Their
    requests had NUM_PICTURES pictures.
    """
    if not isinstance(recipe, Mapping) or not recipe.keys() >= _ALWAYS:
        return recipe
    sha256 = None if source is None or recipe["strength"] is None else hashlib.sha256(source).hexdigest()
    return {"slot": slot, "pictures": NUM_PICTURES, "source_sha256": sha256, **recipe}


def _request(recipe: Mapping[str, Any], source: bytes | None) -> PaintRequest:
    spec = spec_from_json(recipe["spec"])
    return PaintRequest(
        job_id=new_id(),
        member_id=new_id(),
        spec=replace(spec, parameters={**spec.parameters, "model": recipe["model"]}),
        seed=(recipe["seed"] - recipe["slot"]) % (MAX_SEED + 1),
        source=source,
        operation=_operation_of(recipe),
        edit=None if recipe["strength"] is None else edit_from_json(recipe.get("edit", recipe)),
        num_pictures=recipe["pictures"],
        may_join_parts=recipe.get("joined", False),
    )


def _operation_of(recipe: Mapping[str, Any]) -> Operation:
    """Return the operation, which only recipes with an edit name."""
    usual = Operation.IMAGINE if recipe["strength"] is None else Operation.VARY
    return Operation(recipe.get("operation", usual))


def _check_defaults(recipe: Mapping[str, Any], params: SamplingParams) -> None:
    """Raise SettingsInvalid when the request's parameters are not those of the recipe."""
    changed = [
        f"{name} was {recipe.get(name) or 'not set'}, and would be {value or 'not set'}"
        for name, value in _in_force(params).items()
        if recipe.get(name) != value
    ]
    if changed:
        problem = f"The defaults of the model {recipe['model']!r} have changed: {'; '.join(changed)}."
        raise SettingsInvalid(problems=(f"{problem} Set them in EASEL_MODELS_FILE as they were.",))


def _check_adapters(recorded: Mapping[str, str], params: SamplingParams) -> None:
    """Raise WeightsMismatch when an adapter's file has another hash than recorded; without a record it passes."""
    for adapter, _ in params.loras:
        if adapter.name in recorded and hash_of(adapter.file) != recorded[adapter.name]:
            raise WeightsMismatch(path=adapter.file)


def _in_force(params: SamplingParams) -> dict[str, Any]:
    return {
        "width": params.size[0],
        "height": params.size[1],
        "steps": params.steps,
        "guidance": params.guidance,
        "sampler": params.sampler,
        "scheduler": params.model.scheduler.overrides or None,
        "speed": params.model.speed.overrides or None,
    }


def parameters_text(recipe: Mapping[str, Any]) -> str:
    """Return the recipe in the format that AUTOMATIC1111 writes into PNG files."""
    sampler, schedule = SAMPLERS[recipe["sampler"]].a1111
    release = f"easel, diffusers {recipe['libraries']['diffusers']}"
    facts = {
        "Steps": recipe["steps"],
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{recipe['guidance']:g}",
        "Seed": recipe["seed"],
        "Size": f"{recipe['width']}x{recipe['height']}",
        "Model hash": recipe["model_sha256"][:10],
        "Model": recipe["model"],
        **({} if recipe["strength"] is None else {"Denoising strength": f"{recipe['strength']:g}"}),
    }
    lines = [
        _positive_text(recipe),
        _negative_text(recipe),
        ", ".join([*(f"{name}: {_quoted(str(fact))}" for name, fact in facts.items()), f"Version: {release}"]),
    ]
    return "\n".join(line for line in lines if line is not None)


def _quoted(fact: str) -> str:
    """Return a value as AUTOMATIC1111 writes it: as a JSON string if a comma, colon or quote would be misread.

    Source: `quote` in `modules/infotext_utils.py` of stable-diffusion-webui.
    """
    is_plain = not fact.startswith('"') and not any(sign in fact for sign in ",:\n")
    return fact if is_plain else json.dumps(fact, ensure_ascii=False)


def _positive_text(recipe: Mapping[str, Any]) -> str:
    """Return the parts in A1111's syntax: joined with AND, each with its weight, when there are several."""
    parts = recipe["positive"]
    adapters = "".join(f" <lora:{name}:{weight:g}>" for name, weight in recipe["loras"])
    if len(parts) == 1:
        return _as_words(parts[0]["text"]) + adapters
    return " AND ".join(f"{_as_words(part['text'])} :{part['weight']:.4g}" for part in parts) + adapters


def _as_words(text: str) -> str:
    """Return a text in which other programs see no adapter, part or negative prompt where the painter saw words."""
    text = re.sub(r"(?i:(negative prompt)):", r"\1 :", re.sub(r"<(?=\w+:)", "< ", text))
    return re.sub(r"(?<!\w)(AND|BREAK)(?!\w)", lambda match: match[0].lower(), text)


def _negative_text(recipe: Mapping[str, Any]) -> str | None:
    parts = recipe["negative"]
    return "Negative prompt: " + ", ".join(_as_words(part["text"]) for part in parts) if parts else None


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _parts(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{"text": part.text, "weight": part.weight} for part in parts]
