"""What `--control` needs: a ControlNet of the model, one picture to read, and words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import Operation
from engine.prompt import Limits, ModelCapabilities, PromptDefaults, check_supported, parse, spec_for_operation
from tests.engine.prompt.outcomes import error, values

PNG, JPG = "https://a.org/a.png", "https://a.org/b.jpg"
ABLE = frozenset({"control", "images"})
LIMITS = Limits(
    models=(
        ModelCapabilities(name="sd", abilities=ABLE, controls=("edges", "depth")),
        ModelCapabilities(name="bare", abilities=ABLE, controls=()),
        ModelCapabilities(name="flow", abilities=frozenset({"images"})),
    ),
    default_model="sd",
)


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("a --control edges", "--control", "--control has no effect without a picture. Add a picture or"),
        (f"{PNG} {JPG} a --control edges", JPG, "--control reads one picture. Remove the others."),
        (f"{PNG} --control edges", PNG, "the words say what to paint, and there are none. Add words."),
        (f"{PNG} a --control edge", "edge", "sd has no ControlNet edge. Did you mean edges?"),
        (f"{PNG} a --control pose", "pose", "sd has no ControlNet pose. Available: edges, depth."),
        (
            f"{PNG} a --model bare --control depth",
            "depth",
            "Remove it, or choose a model that has it: --model sd",
        ),
        (f"{PNG} a --model bare --control pose", "pose", "No ControlNet is installed for bare. Remove it."),
        (f"{PNG} a --model flow --control edges", "--control", "--control is not available with flow. Remove it, or "),
        (f"{PNG} a --control edges --iw 2", "--iw", "--iw has no effect with --control, because the pictures start"),
        (f"{PNG} a --control edges --strength 0.5", "--strength", "Remove one of them."),
        (f"{PNG} a --control a/b", "a/b", "--control takes the name of a ControlNet, not a/b. For example --control"),
        (f"{PNG} a --control edges --control-weight 3", "3", "--control-weight must be between 0 and 2."),
        (f"{PNG} a --control-weight 1", "--control-weight", "--control-weight has no effect without --control."),
    ],
)
def test_what_cannot_be_followed_is_told_at_its_place(text: str, where: str, told: str) -> None:
    place, message = error(text, limits=LIMITS)
    assert place == where and told in message, message


def test_a_picture_with_a_control_is_accepted_and_dropped_from_what_follows() -> None:
    """A suffix for pictures to start from is no mistake; a ControlNet may be gone when a button is pressed."""
    text = f"{PNG} a --control depth --control-weight 0.5"
    assert values(text, limits=LIMITS) == {"control": "depth", "control-weight": 0.5}
    assert "control" in values(text, limits=LIMITS, defaults=PromptDefaults(suffix="--iw 2"))
    specs = parse(text, limits=LIMITS)
    assert isinstance(specs, tuple)
    (spec,) = specs
    assert spec.prompt == text
    assert not spec_for_operation(Operation.VARY, spec).parameters
    gone = replace(LIMITS, models=(replace(LIMITS.models[0], controls=("edges",)),))
    check_supported(Operation.IMAGINE, spec, LIMITS)
    with pytest.raises(SettingUnsupported) as told:
        check_supported(Operation.IMAGINE, spec, gone)
    assert told.value.known == ("edges",)
