"""What is promoted while processes run reaches them, and a file that is not valid changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.followed_limits import FollowedLimits
from engine.models.promotion import promote, roll_back
from engine.models.registry.followed import FollowedRegistry
from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from engine.prompt import Limits, notes_on, parse
from tests.easel.models import save_models_file
from tests.engine.painter.checkpoints import save_lora
from tests.engine.painter.requests import paint_request, painted


@pytest.fixture
def models(tmp_path: Path) -> Path:
    file = save_models_file(tmp_path)
    save_lora(tmp_path / "style.safetensors", tmp_path / "weights", seed=0)
    return file


async def test_a_painter_paints_with_what_is_promoted_from_its_next_request_on(models: Path) -> None:
    """Recipes name it with its hash; after the rollback there is none, and a broken file leaves what there was."""
    followed = FollowedRegistry(models)
    model = followed.current().model()
    async with create_painter(followed.current(), current=followed.current, max_rows=64) as painter:

        async def worn() -> dict[str, str]:
            (one,) = (await painted(painter, paint_request(steps=1, pictures=1))).pictures
            return dict(one.recipe.get("lora_sha256", {}))

        assert await worn() == {}
        name = promote(models, models.with_name("style.safetensors"), model)
        promoted = {name: read_registry(models).adapters[name].sha256}
        assert await worn() == promoted
        rewrite(models, 'default = "tiny"', 'default "tiny"')
        assert await worn() == promoted
        rewrite(models, 'default "tiny"', 'default = "tiny"')
        assert roll_back(models) == name
        assert await worn() == {}


async def test_prompts_are_checked_against_what_is_promoted(models: Path) -> None:
    """A note says that there is no style only while there is none; models are those that there were at first."""
    followed = FollowedLimits(models, None)
    before = await followed.open()
    assert len(notes(before)) == 1 and await followed.look() is before
    name = promote(models, models.with_name("style.safetensors"), read_registry(models).model())
    rewrite(models, "max_side = 64", "max_side = 32")
    during = await followed.look()
    assert notes(during) == [] and during.adapters == (name,)
    assert during.models[0].size_limits == before.models[0].size_limits
    rewrite(models, 'default = "tiny"', 'default "tiny"')
    assert await followed.look() is during


def rewrite(file: Path, old: str, new: str) -> None:
    """Write the file anew in its place, as an editor does."""
    file.write_text(file.read_text().replace(old, new))


def notes(limits: Limits) -> list[object]:
    """Return what a member is told about a prompt with `--stylize`."""
    specs = parse("a fox --stylize 200", limits=limits)
    assert isinstance(specs, tuple)
    return list(notes_on(specs[0], limits))
