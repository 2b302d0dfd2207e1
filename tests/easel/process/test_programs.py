"""Which programs `easel run` starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import BotSettings
from easel.process.ports import Ports
from easel.process.programs import all_programs

PORTS = Ports(page=1, bot=2, engine=3)


@pytest.mark.parametrize(("votes", "names"), [(None, []), (500, ["learning"])])
def test_adapters_are_trained_only_if_it_is_asked_for(tmp_path: Path, votes: int | None, names: list[str]) -> None:
    """With as many votes as the setting says, in a folder of Easel's home."""
    settings = BotSettings.model_validate({"EASEL_HOME": tmp_path, "EASEL_LEARN_VOTES": votes})
    found = [program for program in all_programs(settings, PORTS) if program.name == "learning"]
    assert [program.name for program in found] == names
    for program in found:
        assert program.command[-4:] == ("-o", str(tmp_path / "learning"), "--votes", "500")
