"""Any TOML data in place of the models file is a registry or a list of problems."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.contract.errors import SettingsInvalid
from engine.models.registry.families import FAMILIES, MAX_GUIDANCE, MAX_SIDE
from engine.models.registry.registry import Model, Registry, registry_from_data
from engine.models.registry.scheduler import MAX_SHIFT
from engine.prompt import max_steps_by

FILE = Path("models.toml")

plain = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(date(2000, 1, 1)),
    st.sampled_from([*FAMILIES, "euler", "lcm", "imagine", "3:2", "graphs", "fp8", "ink.safetensors", "x" * 5000]),
)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def tables(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return tables with any of these settings and one more, each valid or anything else."""
    return st.fixed_dictionaries({}, optional={name: its | anything for name, its in (*known.items(), ("wat", plain))})


sides = st.sampled_from([64, 512, 1024, 1280])
families = st.sampled_from(list(FAMILIES))
models = tables(
    **dict.fromkeys(("file", "hub", "revision", "variant", "config", "licence", "sha256"), anything),
    family=families,
    folder=st.just("m"),
    defaults=tables(width=sides, height=sides, steps=anything, guidance=anything, sampler=anything),
    abilities=tables(operations=anything, samplers=anything, multiple=sides, min_side=sides, max_side=anything),
    scheduler=tables(timestep_spacing=anything, prediction_type=anything, shift=anything),
    speed=tables(compile=anything, precision=anything, ratios=st.lists(st.sampled_from(["3:2", "1:9"]))),
)
adapters = tables(file=st.just("ink.safetensors"), family=families, model=anything, sha256=anything)
names = st.sampled_from(["a", "b"])


@given(
    tables(models=st.dictionaries(names, models, min_size=1), adapters=st.dictionaries(names, adapters), default=names)
)
def test_any_data_is_a_registry_or_is_refused_with_its_problems(data: dict[str, Any]) -> None:
    try:
        assert registry_from_data(data, FILE).models
    except SettingsInvalid as error:
        assert error.problems


NUMBERS = (
    *(("defaults", name) for name in ("width", "height", "steps", "guidance")),
    *(("abilities", name) for name in ("multiple", "min_side", "max_side", "max_steps")),
    ("scheduler", "shift"),
    ("speed", "guidance_until"),
)


@pytest.mark.parametrize(("table", "name"), NUMBERS)
@given(family=families, sampler=st.sampled_from(["euler", "lcm"]), number=st.integers(-1, 160) | st.floats())
@example(family="sd1", sampler="euler", number=math.inf)
@example(family="sd1", sampler="lcm", number=60)
@example(family="sd1", sampler="euler", number=4)
@example(family="sd3", sampler="euler", number=math.inf)
@example(family="sd3", sampler="euler", number=10**400)
def test_every_number_that_is_taken_can_be_painted_with(
    table: str, name: str, family: str, sampler: str, number: float
) -> None:
    """Numbers of any size, whole or not, or none, with any family and sampler."""
    settings: dict[str, dict[str, Any]] = {"defaults": {"sampler": sampler}}
    settings.setdefault(table, {})[name] = number
    try:
        assert_sound(read(family, **settings).model())
    except SettingsInvalid as error:
        assert error.problems


def assert_sound(model: Model) -> None:
    """Check a model's numbers against what its family, its samplers and the painter support."""
    usual, able = model.defaults, model.abilities
    assert able.multiple % model.family.granularity == 0
    assert all(able.min_side <= side <= able.max_side <= MAX_SIDE for side in (usual.width, usual.height))
    assert usual.sampler in able.samplers and 1 <= usual.steps <= max_steps_by(usual.sampler, model.step_limits)
    assert 0 <= usual.guidance <= MAX_GUIDANCE and 0 < model.speed.guidance_until <= 1
    assert model.scheduler.shift is None or 0 < model.scheduler.shift <= MAX_SHIFT


def read(family: Any = "sd1", **tables: Any) -> Registry:
    return registry_from_data({"models": {"m": {"family": family, "folder": "m", **tables}}}, FILE)


@pytest.mark.parametrize("family", [["sd1"], {"name": "sd1"}, 1, "sd9", math.nan])
def test_a_family_that_is_none_is_told_with_those_there_are(family: Any) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read(family)
    assert refused.value.problems[0].startswith(
        f"models.toml: models.m: unknown family {family!r}. Available: sd1, sd2,"
    )


@pytest.mark.parametrize(
    ("table", "name", "value", "told"),
    [
        ("defaults", "width", math.inf, "width must be a number from 1 to 16384, not inf"),
        ("defaults", "steps", math.inf, "steps must be a number from 1 to 150, not inf"),
        ("defaults", "steps", 400, "steps must be a number from 1 to 150, not 400"),
        ("defaults", "guidance", math.inf, "guidance must be a number from 0 to 50, not inf"),
        ("defaults", "guidance", 99, "guidance must be a number from 0 to 50, not 99"),
        ("scheduler", "shift", math.inf, "shift must be a number from 0.01 to 100, not inf"),
        ("abilities", "multiple", 7, "multiple is 7, but family sd3 needs a multiple of 16"),
        ("abilities", "max_steps", 151, "max_steps must be a number from 1 to 150, not 151"),
    ],
)
def test_a_number_that_cannot_be_painted_with_is_told(table: str, name: str, value: float, told: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read("sd3", **{table: {name: value}})
    assert refused.value.problems == (f"models.toml: models.m.{table}: {told}",)


def test_an_adapter_says_which_family_it_is_for() -> None:
    data = {"models": {"m": {"family": "sd1", "folder": "m"}}, "adapters": {"ink": {"file": "ink.safetensors"}}}
    with pytest.raises(SettingsInvalid) as refused:
        registry_from_data(data, FILE)
    assert refused.value.problems[0].startswith("models.toml: adapters.ink: family is missing. Available: sd1,")
