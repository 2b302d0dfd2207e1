"""What a request adds to its model's own weights; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from engine.contract.errors import SettingUnsupported, SourceMismatch
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import AdapterFile, PaintRequest
from engine.contract.training import PROFILE
from engine.models.files.clip_folder import clip_folder
from engine.models.files.locate import local_path
from engine.models.registry.adapters import Adapter
from engine.models.registry.clips import GuidingClip
from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import Model, Registry
from engine.painter.sampling.checks import bounded, check_known


def loras_of(
    asked: Mapping[str, ParameterValue], model: Model, registry: Registry
) -> tuple[tuple[Adapter, float], ...]:
    """Return the adapters that the request names, the community's and the member's own style, each with its weight.

    Raises: SettingUnsupported.
    """
    named, style = _loras(asked.get("lora"), model, registry), _style(asked, model, registry)
    return (*named, *style, *_profile(asked, model, registry))


def with_own_adapters(registry: Registry, own: Sequence[AdapterFile]) -> Registry:
    """Return the registry with adapters of members as well; of one name, the registered one counts."""
    if not own:
        return registry
    adapters = {
        one.name: Adapter(
            name=one.name,
            file=one.path,
            family=registry.model(one.model).family.name,
            model=one.model,
            sha256=one.sha256,
        )
        for one in own
    }
    return replace(registry, adapters=MappingProxyType({**adapters, **registry.adapters}))


def control_of(request: PaintRequest, model: Model, registry: Registry) -> ControlNet | None:
    """Return the ControlNet that the request names; None without one, and for what is done to a picture.

    Raises: SettingUnsupported, SourceMismatch for a request with no picture in its prompt, or several.
    """
    name = request.spec.parameters.get("control")
    if name is None or request.edit is not None:
        return None
    known = {control.name: control for control in registry.controls_of(model)}
    check_known(model, "control", str(name), tuple(known))
    if len(request.spec.images) != 1 or not request.images:
        raise SourceMismatch(operation=request.operation.value, needs_source=True)
    return known[str(name)]


def clip_of(request: PaintRequest, model: Model) -> GuidingClip | None:
    """Return the CLIP that steers what the request paints; None without.

    Tiles of an upscaled picture are no whole pictures, and are not steered.

    Raises: SettingUnsupported for a model that comes without a CLIP, WeightsMissing.
    """
    scale = bounded(model, "clip-guidance", request.spec.parameters.get("clip-guidance"), 0, 0, 10)
    if scale == 0 or request.operation is Operation.UPSCALE:
        return None
    folder = clip_folder(local_path(model))
    if folder is None:
        raise SettingUnsupported(name="clip-guidance", value=f"{scale:g}", model=model.name)
    return GuidingClip(name=model.name, folder=folder, sha256=model.clip_sha256)


def _loras(value: ParameterValue | None, model: Model, registry: Registry) -> tuple[tuple[Adapter, float], ...]:
    if value is None:
        return ()
    known = {adapter.name: adapter for adapter in registry.adapters_of(model)}
    named = [str(item).partition(":") for item in (value if isinstance(value, tuple) else (value,))]
    for name, _, _ in named:
        check_known(model, "lora", name, tuple(sorted(known)))
    return tuple((known[name], _weight(name, text, model)) for name, _, text in named)


def _style(asked: Mapping[str, ParameterValue], model: Model, registry: Registry) -> tuple[tuple[Adapter, float], ...]:
    """Return the community's adapter with its weight.

    Nothing without one, with `--style raw`, and where the prompt names the adapter itself.
    """
    weight, is_raw = _style_weight(asked, model), asked.get("style") == "raw"
    style = registry.style_of(model)
    if style is None or weight == 0 or is_raw:
        return ()
    named = asked.get("lora", ())
    if isinstance(named, tuple) and any(str(one).partition(":")[0] == style.name for one in named):
        return ()
    return ((style, weight),)


def _profile(
    asked: Mapping[str, ParameterValue], model: Model, registry: Registry
) -> tuple[tuple[Adapter, float], ...]:
    """Return the member's own style, if the request asks for it, as strong as that of the community.

    Raises: SettingUnsupported for a request that brings none, or one for another model.
    """
    if asked.get("profile") is not True:
        return ()
    found = next((adapter for adapter in registry.adapters_of(model) if adapter.name == PROFILE), None)
    if found is None:
        raise SettingUnsupported(name="profile", value="", model=model.name)
    weight = _style_weight(asked, model)
    return ((found, weight),) if weight else ()


def _style_weight(asked: Mapping[str, ParameterValue], model: Model) -> float:
    """Return how strong styles are: s / 100 up to `--stylize` 100, then rising to 2 at 1000."""
    stylize = bounded(model, "stylize", asked.get("stylize"), 100, 0, 1000)
    return stylize / 100 if stylize <= 100 else 1 + (stylize - 100) / 900


def _weight(name: str, text: str, model: Model) -> float:
    try:
        return float(text or 1.0)
    except ValueError as error:
        raise SettingUnsupported(name="lora", value=f"{name}:{text}", model=model.name) from error
