"""What a request asks of a model: defaults, language, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import ModelUnknown, OperationUnsupported, SettingUnsupported, SizeUnsupported
from engine.contract.jobs import ParameterValue, Part
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Registry, read_registry
from engine.painter.sampling.params import params_from_request, seed_of_slot
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import paint_request


def test_unset_parameters_are_the_models_defaults(registry: Registry) -> None:
    settings = params_from_request(paint_request(), registry)
    defaults = registry.model().defaults
    assert (settings.pixels, settings.steps) == ((defaults.width, defaults.height), defaults.steps)
    assert (settings.guidance, settings.sampler) == (defaults.guidance, defaults.sampler)


@pytest.mark.parametrize(
    ("parameters", "steps"),
    [({"steps": 9}, 9), ({"quality": 2.0}, 12), ({"draft": True}, 3), ({"steps": 1, "draft": True}, 1),
     ({"steps": 150, "quality": 4.0}, 150)],
)  # fmt: skip
def test_steps_follow_quality_and_draft(registry: Registry, parameters: dict[str, ParameterValue], steps: int) -> None:
    assert params_from_request(paint_request(parameters=parameters), registry).steps == steps


@pytest.mark.parametrize(
    ("parameters", "steps"),
    [({"steps": 51}, 51), ({"quality": 4.0, "steps": 13}, 52), ({"steps": 120, "draft": True}, 60)],
)
def test_more_steps_than_the_sampler_supports_are_refused_with_the_limit(
    registry: Registry, parameters: dict[str, ParameterValue], steps: int
) -> None:
    """With quality and draft; other samplers take them."""
    assert params_from_request(paint_request(parameters=parameters), registry).steps == steps
    with pytest.raises(SettingUnsupported) as refused:
        params_from_request(paint_request(parameters={**parameters, "sampler": "lcm"}), registry)
    assert (refused.value.value, refused.value.known) == (str(steps), ("1 to 50 with the sampler lcm",))
    assert params_from_request(paint_request(sampler="lcm", steps=100, draft=True), registry).steps == 50


@pytest.mark.parametrize(("ar", "pixels"), [("1:1", (32, 32)), ("3:2", (40, 24)), ("2:3", (24, 40))])
def test_a_ratio_gives_a_size_of_the_models_area(registry: Registry, ar: str, pixels: tuple[int, int]) -> None:
    assert params_from_request(paint_request(ar=ar), registry).pixels == pixels


def test_positive_weights_sum_to_1_and_negative_ones_keep_the_scale(registry: Registry) -> None:
    settings = params_from_request(paint_request(("a", 3.0), ("b", 1.0), ("c", -0.5)), registry)
    assert settings.positive == (Part(text="a", weight=0.75), Part(text="b", weight=0.25))
    assert settings.negative == (Part(text="c", weight=0.125),)


def test_guidance_below_1_is_no_guidance(registry: Registry) -> None:
    assert params_from_request(paint_request(cfg=0.5), registry).guidance == 1.0


def test_seeds_count_up_and_wrap() -> None:
    assert [seed_of_slot(paint_request(seed=2**32 - 2), slot) for slot in range(4)] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert [seed_of_slot(paint_request(sameseed=5), slot) for slot in range(2)] == [5, 5]


@pytest.mark.parametrize(
    "parameters",
    [{"sampler": "brush"}, {"steps": 0}, {"steps": 151}, {"cfg": 51.0}, {"lora": ("nobody:1",)}, {"stop": 0}],
)
def test_unsupported_parameters_are_refused(registry: Registry, parameters: dict[str, ParameterValue]) -> None:
    with pytest.raises(SettingUnsupported) as refused:
        params_from_request(paint_request(parameters=parameters), registry)
    assert refused.value.name == next(iter(parameters))


@pytest.mark.parametrize(("able", "source"), [("imagine", b"x"), ("vary", None)])
def test_an_operation_that_the_model_does_not_support_is_refused(
    tmp_path: Path, able: str, source: bytes | None
) -> None:
    abilities = f'[models.m.abilities]\noperations = ["{able}"]\n'
    (tmp_path / "registry.toml").write_text(f'[models.m]\nfamily = "sd1"\nfolder = "m"\n{abilities}')
    with pytest.raises(OperationUnsupported) as refused:
        params_from_request(paint_request(source=source), read_registry(tmp_path / "registry.toml"))
    assert refused.value.operation != able


def test_a_size_beyond_the_model_is_refused(registry: Registry) -> None:
    with pytest.raises(SizeUnsupported):
        params_from_request(paint_request(ar="9:1"), registry)


def test_a_model_that_is_not_registered_is_refused_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(ModelUnknown) as refused:
        params_from_request(paint_request(model="nobody"), registry)
    assert "tiny" in refused.value.known


@pytest.mark.parametrize("strength", [0.0, 1.1, -1.0])
def test_a_strength_out_of_range_is_refused(registry: Registry, strength: float) -> None:
    with pytest.raises(SettingUnsupported):
        params_from_request(paint_request(source=b"x", strength=strength), registry)


@pytest.mark.parametrize(
    ("family", "sampler"), [("flux", "heun"), ("sd3", "ddim"), ("qwen-image", "dpmpp-2m"), ("z-image", "lcm")]
)
def test_a_sampler_that_is_not_of_the_family_is_refused_with_those_that_are(
    tmp_path: Path, family: str, sampler: str
) -> None:
    (tmp_path / "registry.toml").write_text('default = "m"' + entry("m", family, "m"))
    with pytest.raises(SettingUnsupported) as refused:
        params_from_request(paint_request(sampler=sampler), read_registry(tmp_path / "registry.toml"))
    assert refused.value.known == FAMILIES[family].samplers
