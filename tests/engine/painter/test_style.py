"""The community's style: in every picture, as strong as `--stylize` says, and in its recipe."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import ParameterValue
from engine.contract.painting import AdapterFile
from engine.contract.training import PROFILE
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.params import params_from_request
from engine.prompt import notes_on, parse
from tests.engine.painter.requests import all_painted, paint_request, painted, pixels_of


def styled(registry: Registry, name: str = "ink") -> Registry:
    """Return the registry in which that adapter is the community's style."""
    adapters = {**registry.adapters, name: replace(registry.adapters[name], is_style=True)}
    return replace(registry, adapters=MappingProxyType(adapters))


@pytest.mark.parametrize(
    ("parameters", "weight"),
    [({}, 1.0), ({"stylize": 50}, 0.5), ({"stylize": 1000}, 2.0), ({"stylize": 0}, None), ({"style": "raw"}, None)],
)
def test_stylize_sets_the_weight(
    registry: Registry, parameters: dict[str, ParameterValue], weight: float | None
) -> None:
    request = paint_request(parameters=parameters)
    worn = params_from_request(request, styled(registry)).loras
    assert [(adapter.name, own) for adapter, own in worn] == ([] if weight is None else [("ink", weight)])
    assert params_from_request(request, registry).loras == ()


def test_the_style_of_a_member_is_as_strong_as_that_of_the_community(registry: Registry) -> None:
    """Both at once; without the community's with `--style raw`, and none with `--stylize 0`."""
    own = AdapterFile(name=PROFILE, path=registry.adapters["paper"].file, sha256="", model="tiny")

    def worn(**parameters: ParameterValue) -> dict[str, float]:
        request = replace(paint_request(parameters={"profile": True, **parameters}), adapters=(own,))
        return {adapter.name: weight for adapter, weight in params_from_request(request, styled(registry)).loras}

    assert worn(stylize=50) == {"ink": 0.5, PROFILE: 0.5}
    assert worn(style="raw") == {PROFILE: 1.0}
    assert worn(stylize=0) == {}
    with pytest.raises(SettingUnsupported):
        params_from_request(paint_request(parameters={"profile": True}), styled(registry))


async def test_a_stronger_style_moves_the_picture_further(registry: Registry) -> None:
    """And it is that of the adapter in a prompt; one that the prompt names is not added twice."""
    asked = [paint_request(steps=2, pictures=1, parameters={"stylize": one}) for one in (0, 30, 100)]
    named = [paint_request(steps=2, pictures=1, parameters={"lora": ("ink:1",)})]
    async with create_painter(styled(registry), max_rows=64) as painter:
        plain, weak, full, by_name = [
            pixels_of(one)[0].astype(int) for one in await all_painted(painter, asked + named)
        ]
    assert (full == by_name).all()
    assert 0 < abs(weak - plain).mean() < abs(full - plain).mean()


async def test_a_picture_is_repainted_in_the_style_of_its_time(registry: Registry) -> None:
    """Without one where there was none, and with the old one where another is in force."""
    for then, now in ((registry, styled(registry)), (styled(registry), styled(registry, "paper"))):
        async with create_painter(then, max_rows=64) as painter:
            (one,) = (await painted(painter, paint_request(steps=2, pictures=1))).pictures
        async with create_painter(now, max_rows=64) as painter:
            (other,) = (await painted(painter, request_from_recipe(one.recipe, now))).pictures
        assert other.png == one.png


def test_a_note_says_that_there_is_no_style_yet(registry: Registry) -> None:
    for known, notes in ((registry, 1), (styled(registry), 0)):
        limits = limits_from_registry(known, None)
        specs = parse("a fox --stylize 200", limits=limits)
        assert isinstance(specs, tuple)
        told = notes_on(specs[0], limits)
        assert len(told) == notes
        assert all(
            "No style of the community has been trained for tiny yet, so --stylize changes" in str(one) for one in told
        )
