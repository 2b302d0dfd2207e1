"""What a job that follows another one keeps of its prompt."""

from __future__ import annotations

import pytest

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import Limits, ModelCapabilities, PromptErrors, parse
from engine.prompt.checks.followups import followup_spec, repeated_spec

LOOK = "a:: b --no c --ar 3:2 --style raw --stylize 0 --tile --weird 9 --lora ink:1 --steps 9"
GRID = "--chaos 9 --best 8 --quality 2 --stop 80 --video --interpolate --draft"
WITHOUT_FILMS = Limits(
    models=(ModelCapabilities(name="still", abilities=frozenset({"lora", "style", "tile", "weird"})),),
    default_model="still",
)


def spec_of(prompt: str) -> JobSpec:
    """Return the one spec of a prompt."""
    result = parse(prompt)
    assert not isinstance(result, PromptErrors)
    return result[0]


@pytest.mark.parametrize("operation", [Operation.VARY, Operation.INPAINT, Operation.ZOOM, Operation.PAN])
@pytest.mark.parametrize("seed", ["--seed 7", "--sameseed 3"])
def test_what_starts_from_one_picture_drops_what_is_about_the_grid(operation: Operation, seed: str) -> None:
    """Also where the model can no longer do what is dropped."""
    old = spec_of(f"{LOOK} {GRID} {seed}")
    assert followup_spec(Limits(), operation, old) == spec_of(LOOK)
    assert followup_spec(WITHOUT_FILMS, operation, old) == spec_of(LOOK)


@pytest.mark.parametrize("operation", [Operation.IMAGINE, Operation.VARY])
def test_a_reroll_keeps_all_but_the_seed(operation: Operation) -> None:
    """Of whatever operation, and is refused where the model can no longer do it."""
    old = spec_of(f"{LOOK} {GRID} --seed 7")
    assert repeated_spec(Limits(), operation, old) == spec_of(f"{LOOK} {GRID}")
    with pytest.raises(SettingUnsupported):
        repeated_spec(WITHOUT_FILMS, operation, old)


def test_an_upscale_keeps_the_prompt_for_what_is_painted_from_it() -> None:
    spec = spec_of(f"{LOOK} {GRID}")
    assert followup_spec(Limits(), Operation.UPSCALE, spec) == spec


def test_what_a_button_starts_is_not_turbo_because_the_old_job_was() -> None:
    """Another member may press it, who may not be allowed to; a relaxed one stays relaxed."""
    for renew in (followup_spec, repeated_spec):
        assert renew(Limits(), Operation.VARY, spec_of("a red circle --turbo")).prompt == "a red circle"
        assert renew(Limits(), Operation.VARY, spec_of("a red circle --relax")).prompt == "a red circle --relax"
