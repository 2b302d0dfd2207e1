"""Several copies of the weights in one folder: one is read, and that one alone is what the model is."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline

from engine.contract.errors import ModelBroken, WeightsMismatch
from engine.models.files.weights import hash_of, num_parameters, resolve_hash, weight_files
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.manage import model_status
from engine.models.registry.registry import Model, read_registry
from engine.models.registry.sources import WeightSource
from engine.starter import WEIGHTS
from tests.engine.models.once import hash_of_everything
from tests.engine.painter.checkpoints import save_sd1

PARTS = ("unet", "vae", "text_encoder")
FP16 = Path("unet") / "diffusion_pytorch_model.fp16.safetensors"
NEW_NAME, OLD_NAME = re.compile(r"\.fp16(-\d{5}-of-\d{5})"), r"\1.fp16"
# Of the starter's folder, when everything in it counted.
STARTER_ONCE = "5acd32e57df664ac1eccd032ad767c500f7ddb607114a53c739739df8aa43427"


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders: `plain`, a random model; `other`, another; `fp16`, that as a variant; `both`, plain and variant."""
    folder = tmp_path_factory.mktemp("copies")
    save_sd1(folder / "plain", seed=0)
    save_sd1(folder / "other", seed=1)
    save_sd1(folder / "fp16", seed=1, variant="fp16")
    shutil.copytree(folder / "fp16", folder / "both")
    shutil.copytree(folder / "plain", folder / "both", dirs_exist_ok=True)
    return folder


@pytest.fixture
def both(copies: Path, tmp_path: Path) -> Path:
    """A copy of the folder that may be changed."""
    return Path(shutil.copytree(copies / "both", tmp_path / "both"))


def model(folder: Path, variant: str | None = None, sha256: str | None = None) -> Model:
    source = WeightSource(folder=folder, variant=variant)
    return replace(read_registry().model(), name="tiny", source=source, sha256=sha256)


def loaded(folder: Path, variant: str | None = None) -> Any:
    return load_pipeline(model(folder, variant), best_device())[0]


def same_parts(one: Any, other: Any) -> set[str]:
    """Return the parts in which two pipelines have the same weights."""
    states = {name: (getattr(one, name).state_dict(), getattr(other, name).state_dict()) for name in PARTS}
    return {name for name, (mine, its) in states.items() if all(torch.equal(mine[key], its[key]) for key in mine)}


def test_a_variant_beside_does_not_change_what_a_folder_is(copies: Path, both: Path) -> None:
    """Not its hash, its weight or its size, and not when the variant is damaged; nor does what else lies there."""
    plain = copies / "plain"
    (both / FP16).write_bytes(b"damaged")
    (both / "onnx").mkdir()
    (both / "onnx" / "config.json").write_text("{}")
    shutil.copyfile(both / "unet" / "diffusion_pytorch_model.safetensors", both / "all_in_one.safetensors")
    assert hash_of(both) == hash_of(plain) == hash_of_everything(plain)
    assert num_parameters(both) == num_parameters(plain)
    standing, wanted = model_status(model(both)), model_status(model(plain))
    assert (standing.error, standing.size_bytes) == (None, wanted.size_bytes)
    assert same_parts(loaded(both), loaded(plain)) == set(PARTS)


def test_the_registered_variant_is_what_is_read(copies: Path, both: Path) -> None:
    """Its weights are loaded, hashed and counted, and the plain ones may be damaged."""
    before = hash_of(both, "fp16")
    (both / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"damaged")
    assert same_parts(loaded(both, "fp16"), loaded(copies / "other")) == set(PARTS)
    assert hash_of(both, "fp16") == before != hash_of(copies / "plain")
    assert num_parameters(both, "fp16") == num_parameters(copies / "plain")


def test_a_folder_without_the_variant_gives_its_plain_weights(copies: Path, both: Path) -> None:
    """Loading and hashing follow one rule: diffusers'."""
    (both / "text_encoder" / "model.fp16.safetensors").unlink()
    pipe = loaded(both, "fp16")
    assert same_parts(pipe, loaded(copies / "plain")) == {"text_encoder"}
    assert same_parts(pipe, loaded(copies / "other")) == {"unet", "vae"}
    assert both / "text_encoder" / "model.safetensors" in weight_files(both, "fp16")


@pytest.mark.parametrize(
    ("variant", "cause"),
    [(None, 'only variants: set variant = "fp16"'), ("bf16", 'no variant "bf16": set variant = "fp16"')],
)
def test_a_folder_of_other_variants_is_refused_with_their_names(copies: Path, variant: str | None, cause: str) -> None:
    with pytest.raises(ModelBroken) as refused:
        loaded(copies / "fp16", variant)
    assert cause in refused.value.cause


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_shards_are_read_and_missed(copies: Path, tmp_path: Path, variant: str | None) -> None:
    """All of them and their index belong to the model; without one of them it is refused before it is loaded."""
    pipe = StableDiffusionPipeline.from_pretrained(copies / "plain")
    pipe.save_pretrained(tmp_path / "shards", variant=variant, max_shard_size="40KB")
    sharded = [path for path in weight_files(tmp_path / "shards", variant) if "-of-" in path.name]
    assert {path.parent.name for path in sharded} == set(PARTS)
    assert len(sharded) == len(list((tmp_path / "shards").rglob("*.safetensors")))
    assert num_parameters(tmp_path / "shards", variant) == num_parameters(copies / "plain")
    assert same_parts(loaded(tmp_path / "shards", variant), pipe) == set(PARTS)
    sharded[0].unlink()
    with pytest.raises(ModelBroken, match=r"only \d+ of \d+ weight files in"):
        loaded(tmp_path / "shards", variant)


def test_shards_with_older_names_are_read(copies: Path, tmp_path: Path) -> None:
    """`model-00001-of-00002.fp16.safetensors`, which the index names."""
    pipe = StableDiffusionPipeline.from_pretrained(copies / "plain")
    pipe.save_pretrained(tmp_path / "shards", variant="fp16", max_shard_size="40KB")
    for path in sorted((tmp_path / "shards").rglob("*.fp16-*-of-*.safetensors")):
        path.rename(path.with_name(NEW_NAME.sub(OLD_NAME, path.name)))
    for index in (tmp_path / "shards").rglob("*.index.fp16.json"):
        index.write_text(NEW_NAME.sub(OLD_NAME, index.read_text()))
    assert same_parts(loaded(tmp_path / "shards", "fp16"), pipe) == set(PARTS)
    assert num_parameters(tmp_path / "shards", "fp16") == num_parameters(copies / "plain")


def test_what_nothing_is_painted_with_is_neither_loaded_nor_missed(both: Path) -> None:
    """An index that names a checker, its extractor and an encoder of pictures, whose folders are not there."""
    index = json.loads((both / "model_index.json").read_text())
    index |= {"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "requires_safety_checker": True}
    index |= {"feature_extractor": ["transformers", "CLIPImageProcessor"]}
    index |= {"image_encoder": ["transformers", "CLIPVisionModelWithProjection"]}
    (both / "model_index.json").write_text(json.dumps(index))
    pipe = loaded(both)
    assert (pipe.safety_checker, pipe.feature_extractor, pipe.image_encoder) == (None, None, None)


def test_a_part_may_be_a_link(copies: Path, both: Path) -> None:
    """To the text encoder of another model, say, which is large; it counts as if it were a copy."""
    before = hash_of(both)
    (both / "text_encoder").rename(both.parent / "elsewhere")
    (both / "text_encoder").symlink_to(both.parent / "elsewhere")
    assert hash_of(both) == before
    assert same_parts(loaded(both), loaded(copies / "plain")) == set(PARTS)


def test_a_hash_of_everything_in_the_folder_still_holds(both: Path) -> None:
    """As operators' files and pictures' recipes have it; it is kept, and as strict as it was."""
    once = hash_of_everything(both)
    assert once != hash_of(both)
    standing = model_status(model(both, sha256=once))
    assert (standing.error, standing.sha256) == (None, once)
    (both / FP16).write_bytes((both / FP16).read_bytes()[:-1] + b"!")
    assert isinstance(model_status(model(both, sha256=once)).error, WeightsMismatch)


def test_the_starters_hash_still_holds() -> None:
    """Pictures painted when CLIP, which lies beside its parts, was counted can be painted again."""
    assert resolve_hash(WEIGHTS, STARTER_ONCE) == STARTER_ONCE
    assert resolve_hash(WEIGHTS, hash_of(WEIGHTS)) == hash_of(WEIGHTS) != STARTER_ONCE
    with pytest.raises(WeightsMismatch):
        resolve_hash(WEIGHTS, "0" * 64)


def test_how_far_hashing_is_is_told_up_to_the_end(both: Path) -> None:
    """In bytes of the files that are read."""
    told: list[tuple[int, int]] = []
    standing = model_status(model(both), lambda *done: told.append(done))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (standing.size_bytes, standing.size_bytes)
