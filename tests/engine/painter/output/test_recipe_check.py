"""A recipe that this release cannot read is refused with every reason, and nothing else comes of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract.errors import EaselError, RecipeUnreadable
from engine.models.files.weights import hash_of
from engine.models.registry.registry import Registry
from engine.painter.events import Finished
from engine.painter.output.recipe import recipe_of, request_from_recipe
from engine.painter.output.recipe_check import check_recipe
from engine.painter.sampling.params import params_from_request
from tests.engine.painter.requests import paint_request

Path = tuple[str | int, ...]
Recipe = dict[str, Any]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def recipe(registry: Registry) -> Recipe:
    """Of the second picture of a grid with everything that a prompt can ask of the painter, read back from JSON."""
    wanted = paint_request(
        "a (red:1.3) cat",
        ("rain", -0.4),
        parameters={"ar": "1:2", "lora": ("ink:0.7",), "cfg": 3.5, "steps": 4, "quality": 0.5, "draft": True},
    )
    asked = params_from_request(wanted, registry)
    finished = Finished(
        pictures=(torch.zeros(1),),
        sha256=hash_of(registry.path.parent / "sd1"),
        lora_sha256=(hash_of(registry.adapters["ink"].file),),
        truncated_texts=("and so on",),
    )
    read: Recipe = json.loads(json.dumps(recipe_of(wanted, asked, finished, 1)))
    return read


def paths_in(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths_in(inner, (*path, key))


def changed(recipe: Recipe, path: Path, value: object) -> Recipe:
    """Return the recipe with another value at the path."""
    result: Recipe = copy.deepcopy(recipe)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


def without(recipe: Mapping[str, Any], name: str) -> Recipe:
    return {key: value for key, value in recipe.items() if key != name}


def problems_of(recipe: object) -> tuple[str, ...]:
    with pytest.raises(RecipeUnreadable) as refused:
        check_recipe(recipe)
    return refused.value.problems


def test_a_recipe_of_this_release_is_valid(recipe: Recipe, registry: Registry) -> None:
    """What may be absent may be."""
    assert request_from_recipe(recipe, registry).num_pictures == 4
    check_recipe(without(without(recipe, "cut"), "lora_sha256"))
    check_recipe({**recipe, "scheduler": {"timestep_spacing": "trailing"}, "speed": {"compile": "whole"}})
    check_recipe({**recipe, "strength": 0.5, "source_sha256": "a" * 64})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("hires",), 2, 'the recipe has "hires", which this release does not know'),
        (("spec", "version"), 2, "version is 2, not 1"),
        (("spec", "parameters", "blur"), 3, 'parameters has "blur", which this release does not know'),
        (("spec", "parameters", "ar"), "wide", 'ar is "wide", not width:height'),
        (("spec", "parameters", "steps"), 9999, "steps is 9999, not a whole number from 1 to 150"),
        (("spec", "parts", 0), {"text": "cat"}, "one of them above 0"),
        (("spec", "parts", 0, "weight"), -1, "one of them above 0"),
        (("seed",), -1, "seed is -1, not a whole number from 0 to 4294967295"),
        (("seed",), True, "seed is true, not a whole number"),
        (("slot",), 16, "slot is 16, not a whole number from 0 to 15"),
        (("pictures",), 1, "slot is 1, and pictures is 1"),
        (("guidance",), "much", 'guidance is "much", not a number'),
        (("strength",), 1.5, "strength is 1.5, not a number from 0 to 1 or null"),
        (("strength",), 0.5, "strength and source_sha256 or image_sha256 belong together"),
        (("sampler",), "k_lms", 'sampler is "k_lms", not one of euler,'),
        (("spec", "parameters", "sampler"), "k_lms", 'sampler is "k_lms", not one of euler,'),
        (("loras",), [["ink"]], "not a list, each a name with its weight"),
        (("libraries",), ["torch"], 'libraries is ["torch"], not texts by name'),
        (("model",), ["m" * 99], 'model is ["mmm'),
    ],
)
def test_each_problem_is_named_in_words(recipe: Recipe, path: Path, value: object, message: str) -> None:
    """A newer release's entries, other kinds of values, and values out of range; long ones are cut short."""
    (problem,) = problems_of(changed(recipe, path, value))
    assert message in problem and len(problem) < 130


def test_all_problems_are_named_at_once(recipe: Recipe) -> None:
    """What is missing by its name; what is no recipe at all as that."""
    assert problems_of(without(without({**recipe, "seed": "7"}, "steps"), "spec")) == (
        "the recipe lacks spec, steps",
        'seed is "7", not a whole number from 0 to 4294967295',
    )
    assert problems_of("[1]") == ('the recipe is "[1]", not an object',)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_recipe_is_read_or_refused(recipe: Recipe, registry: Registry, data: st.DataObject) -> None:
    """Any JSON in the place of any value, or under a new name, ends in a request or in an error with a sentence."""
    new: list[Path] = [("new",), ("spec", "new"), ("spec", "parameters", "new"), ("spec", "parameters", "sameseed")]
    path = data.draw(st.sampled_from([*paths_in(recipe), *new]))
    try:
        read = request_from_recipe(changed(recipe, path, data.draw(JSON)), registry)
        params_from_request(read, registry)
    except EaselError as error:
        assert error.facts
