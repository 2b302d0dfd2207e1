"""A picture is painted again from what was stored with it, and from nothing else."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from structlog.testing import capture_logs

from easel.errors import sentence_from_error
from engine.contract.errors import (
    ModelUnknown,
    PictureCorrupt,
    SettingsInvalid,
    SettingUnsupported,
    WeightsMismatch,
    WeightsMissing,
)
from engine.contract.painting import PaintRequest
from engine.models.files.weights import hash_of
from engine.models.registry.registry import Registry
from engine.models.registry.scheduler import SchedulerSettings
from engine.models.registry.sources import WeightSource
from engine.models.registry.speed import Precision, SpeedSettings
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import completed_recipe, request_from_recipe
from engine.painter.output.recipe_text import parameters_text
from tests.engine.models.once import hash_of_everything
from tests.engine.painter.requests import paint_request, painted

ORDERS = {
    "plain": paint_request(),
    "last seed": paint_request(seed=2**32 - 2),
    "parts": paint_request("a (red:1.3) cat", ("a dog", 0.5), ("rain", -0.4), sampler="dpmpp-2m-sde", cfg=3.0),
    "one seed": paint_request(sameseed=11, pictures=2, sampler="euler-ancestral", quality=0.5),
    "adapter": paint_request(lora=("ink:0.7",), pictures=1, stop=70),
}


async def stored(registry: Registry, wanted: PaintRequest) -> list[tuple[bytes, dict[str, Any]]]:
    """Paint, and return the files with their recipes as they come back from a column of JSON."""
    async with create_painter(registry, max_rows=64) as painter:
        result = await painted(painter, wanted)
    return [(one.png, json.loads(json.dumps(one.recipe))) for one in result.pictures]


def turn_a_bit(file: Path) -> None:
    """Change the last number in a file of weights a little."""
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize("name", list(ORDERS))
async def test_the_recipe_alone_gives_the_same_bytes(registry: Registry, name: str) -> None:
    """A new painter that is given only the last picture's recipe."""
    *_, (png, recipe) = await stored(registry, ORDERS[name])
    again = await stored(registry, request_from_recipe(recipe, registry))
    assert again[recipe["slot"]][0] == png


async def test_a_picture_of_the_first_release_is_painted_again(registry: Registry) -> None:
    """Its recipe has neither slot, nor number of pictures, nor hashes of adapters and of a variation's source."""
    pictures = await stored(registry, ORDERS["plain"])
    source = pictures[0][0]
    varied = await stored(registry, paint_request(source=source, strength=0.5))
    for its, slot, given in ((pictures, 2, None), (varied, 3, source)):
        png, recipe = its[slot]
        added = {"slot", "pictures", "source_sha256", "lora_sha256"}
        old = {name: fact for name, fact in recipe.items() if name not in added}
        complete = completed_recipe(old, given, slot)
        assert {**complete, "lora_sha256": {}} == recipe
        assert (await stored(registry, request_from_recipe(complete, registry, given)))[slot][0] == png
        request_from_recipe(old, registry, given)


@pytest.mark.parametrize("recipe", [{}, [], None, {"slot": 1}, {"hires": 2}])
def test_a_recipe_of_no_release_is_not_completed(recipe: Any) -> None:
    assert completed_recipe(recipe, None, 1) == recipe


# As `parse_generation_parameters` of AUTOMATIC1111 reads the last line.
_A1111 = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


@pytest.mark.parametrize("name", ["tiny", "a, b: c", "SDXL: base", 'the "best", really', '"quoted"', "Ölbild, 狐"])
async def test_a_model_name_reads_back_from_the_parameters_as_it_is(registry: Registry, name: str) -> None:
    """Quoted as a JSON string where a comma, colon or quote would end it; nothing else is read as a setting."""
    (_, recipe), *_ = await stored(registry, paint_request(steps=1, pictures=1))
    last = parameters_text({**recipe, "model": name}).splitlines()[-1]
    facts = {key: json.loads(fact) if fact.startswith('"') else fact for key, fact in _A1111.findall(last)}
    assert facts["Model"] == name
    assert facts.keys() == {
        "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model", "Version",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a fox <lora:ink:0.8>", "a cat AND a dog", "Negative prompt: red", "fog BREAK snow"])
async def test_words_are_no_syntax_of_others_in_the_parameters(registry: Registry, text: str) -> None:
    """Painted as words, as jobs of older releases are: no adapter is claimed, no part and no negative prompt."""
    (_, recipe), *_ = await stored(registry, paint_request(text, steps=1, pictures=1))
    told = parameters_text(recipe)
    assert not re.search(r"<\w+:|\bAND\b|\bBREAK\b|Negative prompt:", told)
    assert told.casefold().replace("< ", "<").replace(" :", ":").startswith(text.casefold())


async def test_the_model_of_the_recipe_is_used_whatever_the_default_is_now(registry: Registry) -> None:
    (png, recipe), *_ = await stored(registry, paint_request())
    (again, _), *_ = await stored(registry, request_from_recipe(recipe, replace(registry, default="wide")))
    assert again == png


async def test_a_variation_is_painted_again_from_its_own_source_only(registry: Registry) -> None:
    (source, _), *_ = await stored(registry, paint_request(seed=1))
    (png, recipe), *_ = await stored(registry, paint_request(source=source, strength=0.5, pictures=1))
    assert (await stored(registry, request_from_recipe(recipe, registry, source)))[0][0] == png
    for other in (None, png):
        with pytest.raises(PictureCorrupt):
            request_from_recipe(recipe, registry, other)


async def test_other_weights_under_the_same_name_are_refused(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """One bit of one weight is another model, and so is one that is gone."""
    (_, recipe), *_ = await stored(registry, paint_request(steps=1, pictures=1))
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    moved = replace(registry.model(), source=WeightSource(folder=folder))
    changed = replace(registry, models=MappingProxyType({moved.name: moved}))
    request_from_recipe(recipe, changed)
    turn_a_bit(folder / "unet" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(WeightsMismatch) as refused:
        request_from_recipe(recipe, changed)
    assert sentence_from_error(refused.value).startswith("The picture was painted with other weights than those in ")
    with pytest.raises(ModelUnknown):
        request_from_recipe(recipe, replace(registry, models=MappingProxyType({})))


async def test_another_adapter_under_the_same_name_is_refused(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """One bit of it is another adapter; a recipe from before hashes were kept is held to the name alone."""
    (_, recipe), *_ = await stored(registry, ORDERS["adapter"])
    file = Path(shutil.copy(checkpoints / "ink.safetensors", tmp_path))
    assert recipe["lora_sha256"] == {"ink": hash_of(file)}
    moved = {**registry.adapters, "ink": replace(registry.adapters["ink"], file=file)}
    changed = replace(registry, adapters=MappingProxyType(moved))
    request_from_recipe(recipe, changed)
    turn_a_bit(file)
    with pytest.raises(WeightsMismatch) as refused:
        request_from_recipe(recipe, changed)
    assert refused.value.path == file
    request_from_recipe({name: fact for name, fact in recipe.items() if name != "lora_sha256"}, changed)
    shutil.move(file, tmp_path / "elsewhere")
    with pytest.raises(WeightsMissing):
        request_from_recipe(recipe, changed)
    with pytest.raises(SettingUnsupported):
        request_from_recipe(recipe, replace(registry, adapters=MappingProxyType({})))


async def test_a_recipe_with_a_hash_over_every_file_is_still_accepted(
    registry: Registry, checkpoints: Path, tmp_path: Path
) -> None:
    """The starter's are such: it has CLIP beside its parts."""
    (_, recipe), *_ = await stored(registry, paint_request(steps=1, pictures=1))
    folder = Path(shutil.copytree(checkpoints / "sd1", tmp_path / "sd1"))
    shutil.copytree(folder / "text_encoder", folder / "clip")
    moved = replace(registry.model(), source=WeightSource(folder=folder))
    changed = replace(registry, models=MappingProxyType({moved.name: moved}))
    assert hash_of_everything(folder) != recipe["model_sha256"]
    for sha256 in (recipe["model_sha256"], hash_of_everything(folder)):
        request_from_recipe({**recipe, "model_sha256": sha256}, changed)


async def test_changed_defaults_of_the_model_are_named_with_their_old_values(registry: Registry) -> None:
    (_, recipe), *_ = await stored(registry, paint_request(pictures=1, cfg=2.0))
    model = registry.model()
    other = replace(model, defaults=replace(model.defaults, steps=3, guidance=1.0))
    with pytest.raises(SettingsInvalid, match="steps was 6, and would be 3") as refused:
        request_from_recipe(recipe, replace(registry, models=MappingProxyType({model.name: other})))
    assert "guidance" not in str(refused.value)


async def test_changed_scheduler_settings_are_named_with_their_old_values(registry: Registry) -> None:
    """A recipe without it was painted as the model's files say, also by a release that could not set it."""
    wanted = paint_request(pictures=1, steps=2)
    model = registry.model()
    scheduler = SchedulerSettings(timestep_spacing="trailing", rescale_betas_zero_snr=True)
    changed = replace(registry, models=MappingProxyType({model.name: replace(model, scheduler=scheduler)}))
    (_, plain), *_ = await stored(registry, wanted)
    (png, recipe), *_ = await stored(changed, wanted)
    assert "scheduler" not in plain and recipe["scheduler"] == scheduler.overrides
    assert (await stored(changed, request_from_recipe(recipe, changed)))[0][0] == png
    with pytest.raises(SettingsInvalid, match=r"scheduler was not set, and would be .'timestep_spacing': 'trailing'"):
        request_from_recipe(plain, changed)
    with pytest.raises(SettingsInvalid, match=r"'trailing', .* and would be not set"):
        request_from_recipe(recipe, registry)


async def test_changed_speed_settings_are_named_with_their_old_values(registry: Registry) -> None:
    """A picture of 8-bit products and less guidance is no picture of the same model without that."""
    wanted = paint_request(pictures=1, steps=2)
    model = registry.model()
    rough = replace(model, speed=SpeedSettings(precision=Precision.FP8, guidance_until=0.5))
    changed = replace(registry, models=MappingProxyType({model.name: rough}))
    (_, plain), *_ = await stored(registry, wanted)
    (_, recipe), *_ = await stored(changed, wanted)
    assert "speed" not in plain and recipe["speed"] == {"precision": "fp8", "guidance_until": 0.5}
    with pytest.raises(
        SettingsInvalid, match=r"speed was .'precision': 'fp8', 'guidance_until': 0.5., and would be not set"
    ):
        request_from_recipe(recipe, registry)


async def test_other_library_versions_are_logged(registry: Registry) -> None:
    (_, recipe), *_ = await stored(registry, paint_request(steps=1, pictures=1))
    with capture_logs() as logged:
        request_from_recipe(recipe, registry)
        assert logged == []
        request_from_recipe({**recipe, "libraries": {**recipe["libraries"], "torch": "1.0"}}, registry)
    assert [entry["then"]["torch"] for entry in logged] == ["1.0"]
