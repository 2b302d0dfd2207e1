"""Impressions tell what differs in model, adapters, settings and prompt, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Picture
from engine.feedback.records import ShownAdapter
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.prompt import PromptErrors, parse

RECIPE: Mapping[str, Any] = {
    "spec": {"prompt": "a cat"},
    "seed": 7,
    "slot": 2,
    "pictures": 4,
    "steps": 20,
    "cfg": 4.5,
    "sampler": "euler",
    "positive": [["a cat", 1.0]],
    "negative": [],
    "loras": [["ink", 0.8], ["old", 0.5]],
    "lora_sha256": {"ink": "cd" * 32},
    "model": "starter",
    "model_sha256": "ab" * 32,
    "libraries": {"torch": "2.9"},
}


def shown(**changes: Any) -> Any:
    recipe = {**RECIPE, **changes}
    return shown_from_picture(
        Picture(
            id=new_id(), job_id=new_id(), slot=2, object_key="k", width=8, height=8, seed=recipe["seed"], recipe=recipe
        )
    )


def test_a_picture_is_described_by_its_recipe() -> None:
    """Adapters in order, without a hash where an older release recorded none; an empty recipe describes nothing."""
    picture = shown()
    assert (picture.slot, picture.seed, picture.model, picture.model_hash) == (2, 7, "starter", "ab" * 32)
    assert picture.adapters == (
        ShownAdapter(name="ink", weight=0.8, sha256="cd" * 32),
        ShownAdapter(name="old", weight=0.5, sha256=None),
    )
    bare = shown_from_picture(
        Picture(id=new_id(), job_id=new_id(), slot=0, object_key="k", width=8, height=8, seed=1, recipe={})
    )
    assert (bare.model, bare.model_hash, bare.adapters) == (None, None, ())


@pytest.mark.parametrize("change", [{"steps": 21}, {"cfg": 5.0}, {"sampler": "dpm++"}, {"strength": 0.5}])
def test_settings_have_a_hash(change: Mapping[str, Any]) -> None:
    assert shown(**change).settings_hash != shown().settings_hash


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"slot": 3},
        {"model_sha256": "ee" * 32},
        {"loras": []},
        {"positive": [["a dog", 1.0]]},
        {"libraries": {}},
    ],
)
def test_what_is_recorded_apart_is_no_setting(change: Mapping[str, Any]) -> None:
    assert shown(**change).settings_hash == shown().settings_hash


def prompt(text: str) -> JobSpec:
    parsed = parse(text)
    assert not isinstance(parsed, PromptErrors)
    (spec,) = parsed
    return spec


@pytest.mark.parametrize("same", ["a  CAT", "A cat --ar 3:2", "a cat --seed 7", "ａ cat"])
def test_a_prompt_is_the_same_however_it_is_typed(same: str) -> None:
    assert hash_of_prompt(prompt(same)) == hash_of_prompt(prompt("a cat"))


@pytest.mark.parametrize("other", ["a dog", "a cat --no dog", "a cat:: a hat", "a (cat:1.3)"])
def test_another_prompt_is_another(other: str) -> None:
    assert hash_of_prompt(prompt(other)) != hash_of_prompt(prompt("a cat"))
