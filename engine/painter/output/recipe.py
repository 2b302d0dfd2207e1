"""What is written down with a picture so that it can be painted again: as data, and as the text other tools read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any

import structlog

from engine.contract.edits import edit_from_json, json_from_edit
from engine.contract.errors import SettingsInvalid
from engine.contract.ids import new_id
from engine.contract.jobs import MAX_SEED, JobSpec, Operation, Part, json_from_spec, spec_from_json
from engine.contract.painting import NUM_PICTURES, PaintRequest
from engine.models.registry.registry import Registry
from engine.painter.events import Finished
from engine.painter.output.recipe_check import check_recipe, is_enlarged
from engine.painter.output.recipe_files import (
    check_adapters,
    check_clip,
    check_control,
    check_film,
    check_source,
    check_upscaler,
    check_weights,
)
from engine.painter.output.recipe_references import check_references, reference_entries
from engine.painter.sampling.between import is_between, seed_of_request
from engine.painter.sampling.params import SamplingParams, params_from_request, seed_of_slot
from engine.painter.sampling.parts import is_interpolated

_log = structlog.get_logger(__name__)

# Entries that every release wrote.
_ALWAYS = frozenset(
    (
        *("spec", "seed", "width", "height", "steps", "guidance", "sampler", "positive", "negative", "loras"),
        *("strength", "stop", "model", "model_sha256", "libraries"),
    )
)
LIBRARIES = ("torch", "diffusers", "transformers")


def recipe_of(
    request: PaintRequest,
    params: SamplingParams,
    finished: Finished,
    slot: int,
    upscaler: Mapping[str, str] | None = None,
    scores: Sequence[float] = (),
) -> dict[str, Any]:
    """Return everything that painting a picture again takes, JSON-ready.

    slot, pictures: its index and the number of pictures of the request; the same bytes need both.
    lora_sha256: hash of each adapter's file by its name; absent in recipes of older releases.
    source_sha256: hash of the encoded image that a variation starts from; None when it was painted from noise.
    image_sha256: hash of each encoded picture in the prompt, where the picture is made from them; else absent.
    references: the IP-Adapters that read some, each with its scale and the hash of its files.
    control, clip: the ControlNet and the CLIP that steered it, each with its weight and hash; absent without one.
    film: of a film, of which the picture is the first frame: its frames, its frames for each second, and the motion
        adapter with its hash; absent of any other picture.
    operation, edit: what was done to the source; absent where all of it was varied at the size that the spec has.
    joined: whether a positive part is several of the prompt, in one text; absent where each has a row of its own.
    cut: the ends of texts that did not fit the text encoder; absent when everything fitted.
    scheduler, speed: the operator's changes to the model's scheduler, and its settings for speed; absent when there
        are none.
    upscaler: what made an upscaled picture larger before it was painted, see `enlarged_recipe`; absent in any other.
    scores: of all pictures that were painted to choose from, by index; absent where none was chosen.
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
        "source_sha256": request.source and _sha256(request.source),
        **({"image_sha256": [*map(_sha256, request.images)]} if params.uses_images else {}),
        **_control(params, finished),
        **_film(params, finished),
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
    cut = {"cut": list(finished.truncated_texts)} if finished.truncated_texts else {}
    chosen = {"scores": list(scores)} if scores else {}
    read = {"references": reference_entries(params, finished.reference_sha256)} if params.references else {}
    return recipe | read | cut | chosen | ({"upscaler": dict(upscaler)} if upscaler else {})


def enlarged_recipe(request: PaintRequest, params: SamplingParams, upscaler: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that enlarging a picture again takes, for a picture that no model has painted on.

    upscaler: its name with the hash of its file, or the name of a filter. model: named in the spec, for those who read
    what a picture was painted with; its source was.
    """
    assert request.source is not None and request.edit is not None
    width, height = params.size
    return {
        "spec": json_from_spec(request.spec),
        "seed": seed_of_slot(request, 0),
        "slot": 0,
        "pictures": 1,
        "width": width,
        "height": height,
        "strength": params.strength,
        "source_sha256": hashlib.sha256(request.source).hexdigest(),
        "operation": request.operation.value,
        "edit": json_from_edit(request.edit),
        "upscaler": dict(upscaler),
        "model": params.model.name,
        "libraries": dict(_versions()),
    }


def request_from_recipe(
    recipe: Mapping[str, Any],
    registry: Registry,
    source: bytes | None = None,
    mask: bytes | None = None,
    images: tuple[bytes, ...] = (),
) -> PaintRequest:
    """Return the request that paints the recipe's picture again, in slot `recipe["slot"]`, with new ids.

    source: the encoded image that a variation starts from. mask: the file of the mask that the edit names.
    images: the pictures in the prompt.
    With other library versions than the recipe's, which are logged, the picture looks the same and its bytes may
    differ. This hashes the files of the model and its adapters, which takes a while.

    Raises: RecipeUnreadable, WeightsMismatch when the files of the model or an adapter have changed, ModelUnknown,
    SettingUnsupported for an adapter that is no longer registered, WeightsMissing, PictureCorrupt for a source or mask
    that is not the recipe's, SettingsInvalid when the model's defaults have changed.
    """
    recipe = completed_recipe(recipe, source)
    check_recipe(recipe)
    model = registry.model(recipe["model"])
    if not is_enlarged(recipe):
        check_weights(model, recipe["model_sha256"])
    check_upscaler(recipe.get("upscaler"), registry)
    images = images if "image_sha256" in recipe else ()
    check_source(source and _sha256(source), recipe["source_sha256"])
    check_source(mask and _sha256(mask), recipe.get("edit", {}).get("mask", {}).get("sha256"))
    check_source([*map(_sha256, images)], recipe.get("image_sha256", []))
    if recipe["libraries"] != _versions():
        _log.warning("painted_with_other_libraries", then=recipe["libraries"], now=_versions())
    request = replace(_request(recipe, source), mask=mask, images=images)
    request = replace(
        request, spec=_with_adapters(request.spec, recipe, has_style=registry.style_of(model) is not None)
    )
    params = params_from_request(request, registry)
    if not is_enlarged(recipe):
        _check_defaults(recipe, params)
    check_adapters(recipe.get("lora_sha256", {}), params)
    check_references(recipe.get("references", []), params)
    check_control(recipe.get("control"), params)
    check_film(recipe.get("film"), params)
    check_clip(recipe.get("clip"), params)
    return request


def completed_recipe(recipe: Any, source: bytes | None = None, slot: int = 0) -> Any:
    """Return a recipe with the entries that the first releases did not record; any other recipe is unchanged.

    source: the encoded image that a variation starts from, which they did not hash. slot: of the stored picture. Their
    requests had NUM_PICTURES pictures.
    """
    if not isinstance(recipe, Mapping) or not recipe.keys() >= _ALWAYS:
        return recipe
    sha256 = None if source is None or recipe["strength"] is None else _sha256(source)
    return {"slot": slot, "pictures": NUM_PICTURES, "source_sha256": sha256, **recipe}


def _request(recipe: Mapping[str, Any], source: bytes | None) -> PaintRequest:
    spec = spec_from_json(recipe["spec"])
    # All that were painted are painted again, in their order; the recipe says which one it was.
    parameters = {name: value for name, value in spec.parameters.items() if name != "best"}
    request = PaintRequest(
        job_id=new_id(),
        member_id=new_id(),
        spec=replace(spec, parameters={**parameters, "model": recipe["model"]}),
        seed=recipe["seed"],
        source=source,
        operation=_operation_of(recipe),
        edit=None if recipe["source_sha256"] is None else edit_from_json(recipe.get("edit", recipe)),
        num_pictures=recipe["pictures"],
        may_join_parts=recipe.get("joined", False),
        may_read_images="references" in recipe,
        upscaler=recipe.get("upscaler", {}).get("name"),
    )
    if is_between(request):
        return replace(request, seed=seed_of_request(recipe["seed"], recipe["slot"], request))
    seed_of_first = (recipe["seed"] - recipe["slot"]) % (MAX_SEED + 1)
    return request if is_interpolated(request) else replace(request, seed=seed_of_first)


def _with_adapters(spec: JobSpec, recipe: Mapping[str, Any], *, has_style: bool) -> JobSpec:
    """Return the spec with the adapters of the recipe, whatever the community's style was then and is now."""
    recorded = recipe.get("loras", ())
    asked = spec.parameters.get("lora", ())
    names = [str(one).partition(":")[0] for one in asked] if isinstance(asked, tuple) else []
    if not has_style and names == [name for name, _ in recorded]:
        return spec
    worn = {"lora": tuple(f"{name}:{weight!r}" for name, weight in recorded)} if recorded else {}
    # The style of its member is among the adapters that the recipe names.
    kept = {name: value for name, value in spec.parameters.items() if name != "profile"}
    return replace(spec, parameters={**kept, "style": "raw", **worn})


def _operation_of(recipe: Mapping[str, Any]) -> Operation:
    """Return the operation, which only recipes with an edit or of a film name."""
    if "film" in recipe:
        return Operation.ANIMATE
    usual = Operation.IMAGINE if recipe["source_sha256"] is None else Operation.VARY
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


def _sha256(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _control(params: SamplingParams, finished: Finished) -> dict[str, Any]:
    about: dict[str, Any] = {}
    if params.control is not None:
        control = {"name": params.control.name, "weight": params.control_weight, "sha256": finished.control_sha256}
        about["control"] = control
    if params.clip is not None:
        about["clip"] = {"scale": params.clip_guidance, "sha256": finished.clip_sha256}
    return about


def _film(params: SamplingParams, finished: Finished) -> dict[str, Any]:
    film = params.film
    if film is None:
        return {}
    adapter = {"adapter": film.adapter.name, "sha256": finished.motion_sha256} if film.adapter else {}
    return {"film": {"frames": film.frames, "fps": film.fps, **adapter}}


def _parts(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{"text": part.text, "weight": part.weight} for part in parts]
