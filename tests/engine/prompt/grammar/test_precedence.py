"""Which of several sayings holds: of the prompt, of own options, of the suffix, of the service."""

from __future__ import annotations

from engine.prompt import PromptDefaults
from tests.engine.prompt.outcomes import values

PNG = "https://a.org/a.png"


def test_prompt_over_option_over_suffix_over_service() -> None:
    """The nearest saying holds, and nothing is said of the others."""
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
    """--relax in the prompt takes the place of --fast in the suffix and of the service's --turbo."""
    defaults = PromptDefaults(suffix="--fast", parameters={"turbo": True})
    assert values("a fox --relax", defaults=defaults) == {"relax": True}
    assert values("a fox", defaults=defaults) == {"fast": True}


def test_settings_of_a_suffix_wait_for_what_they_need() -> None:
    """--iw in a suffix acts where there is a picture and is left out elsewhere."""
    defaults = PromptDefaults(suffix="--iw 2 --sw 50", parameters={"cw": 10})
    assert values("a fox", defaults=defaults) == {}
    assert values(f"{PNG} a fox", defaults=defaults) == {"iw": 2.0}


def test_adapters_of_suffix_and_prompt_join() -> None:
    """The prompt's weight of an adapter holds; the suffix adds the others."""
    assert values("a fox --lora ink:.5", defaults=PromptDefaults(suffix="--lora ink:1 paper"))["lora"] == (
        "ink:0.5",
        "paper:1",
    )
