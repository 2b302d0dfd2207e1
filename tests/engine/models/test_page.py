"""The page `docs/models.md` documents every key and family that the code supports."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from engine.contract.errors import SettingsInvalid
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import registry_from_data

PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
NONSENSE = """
[models.a]
family = "sdxl"
folder = "a"
nonsense = 1
defaults.nonsense = 1
abilities.nonsense = 1
scheduler.nonsense = 1
speed.nonsense = 1
[models.b]
family = "flux"
folder = "b"
scheduler.nonsense = 1
[adapters.c]
family = "sdxl"
file = "c.safetensors"
nonsense = 1
[ip_adapters.d]
family = "sdxl"
file = "d.safetensors"
image_encoder = "d"
nonsense = 1
[controls.d]
family = "sdxl"
folder = "d"
kind = "depth"
nonsense = 1
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_models_file(example: str) -> None:
    assert registry_from_data(tomllib.loads(example), Path("models.toml")).models


def test_every_key_and_every_family_is_documented() -> None:
    """The code lists its keys when it is given an unknown one; rows of the page begin with them."""
    with pytest.raises(SettingsInvalid) as refused:
        registry_from_data(tomllib.loads(NONSENSE), Path("models.toml"))
    lists = [problem.partition("Available: ")[2] for problem in refused.value.problems]
    known = {key for keys in lists for key in keys.split(", ")} - {"defaults", "abilities", "scheduler", "speed"}
    rows = re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE)
    assert len(lists) == NONSENSE.count("nonsense")
    assert known == {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert [family for family in FAMILIES if f"`{family}`" not in PAGE] == []
