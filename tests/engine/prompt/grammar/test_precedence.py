"""Precedence of the prompt, custom options, the suffix and the service's defaults."""

from __future__ import annotations

from engine.prompt import PromptDefaults
from tests.engine.prompt.outcomes import values

PNG = "https://a.org/a.png"


def test_prompt_over_option_over_suffix_over_service() -> None:
    """The source with the highest precedence applies, and the others are not errors."""
    defaults = PromptDefaults(
        suffix="--steps 8 --cfg 3 --tile",
        options={"mine": "--ar 3:2 --steps 9"},
        parameters={"ar": "1:2", "cfg": 2.0, "sampler": "euler"},
    )
    assert values("a fox --mine --ar 1:1", defaults=defaults) == {
        "ar": "1:1",
        "tile": True,
        "steps": 9,
        "cfg": 3.0,
        "sampler": "euler",
    }


def test_a_group_is_one_choice_for_precedence_too() -> None:
    """--relax in the prompt overrides --fast in the suffix and the service's --turbo."""
    defaults = PromptDefaults(suffix="--fast", parameters={"turbo": True})
    assert values("a fox --relax", defaults=defaults) == {"relax": True}
    assert values("a fox", defaults=defaults) == {"fast": True}


def test_settings_of_a_suffix_wait_for_what_they_need() -> None:
    """--iw in a suffix applies to prompts with a picture and is dropped from others."""
    defaults = PromptDefaults(suffix="--iw 2 --sw 50", parameters={"cw": 10})
    assert values("a fox", defaults=defaults) == {}
    assert values(f"{PNG} a fox", defaults=defaults) == {"iw": 2.0}


def test_adapters_of_suffix_and_prompt_join() -> None:
    """The prompt's weight of an adapter applies; the suffix adds other adapters."""
    assert values("a fox --lora ink:.5", defaults=PromptDefaults(suffix="--lora ink:1 paper"))["lora"] == (
        "ink:0.5",
        "paper:1",
    )
