"""A model is not asked for pictures that are larger than the positions that its transformer knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import ModelBroken
from engine.models.files.part_settings import check_layers
from engine.models.loading.device import best_device
from engine.models.loading.pipeline import load_pipeline
from engine.models.loading.trial import try_loading
from engine.models.registry.registry import Model, registry_from_data
from tests.engine.painter.t5_checkpoints import save_auraflow, save_sd3
from tests.sharing import made_once

# The side in pixels of the largest square whose positions the tiny checkpoint of each family knows.
SIDES = {"auraflow": 128, "sd3": 384}
SAVES = {"auraflow": save_auraflow, "sd3": save_sd3}


def model_of(family: str, shared_folder: Path, max_side: int) -> Model:
    folder = made_once(shared_folder / f"positions-{family}", SAVES[family])
    sizes = {"min_side": 16, "max_side": max_side}
    entry = {"family": family, "folder": str(folder), "defaults": {"width": 32, "height": 32}, "abilities": sizes}
    return registry_from_data({"models": {"m": entry}}, Path("models.toml")).model()


@pytest.mark.parametrize("family", SIDES)
def test_larger_pictures_than_a_transformer_knows_positions_for_are_refused(family: str, shared_folder: Path) -> None:
    """Stable Diffusion 3 raises on such a picture; AuraFlow paints it with the positions of other rows."""
    assert try_loading(model_of(family, shared_folder, SIDES[family])) == ()
    with pytest.raises(ModelBroken, match=f"set max_side = {SIDES[family]} in its abilities"):
        load_pipeline(model_of(family, shared_folder, SIDES[family] + 16), best_device())


def test_the_positions_of_auraflow_are_counted_as_those_of_a_whole_square() -> None:
    """AuraFlow 0.3 sets 9,216, the patches of 1536 x 1536 pixels; to Stable Diffusion 3 that would be a side."""
    settings = {"pos_embed_max_size": 9216}
    file = Path("transformer") / "config.json"
    check_layers(file, {"_class_name": "AuraFlowTransformer2DModel", **settings}, 1, "transformer")
    with pytest.raises(ValueError, match="pos_embed_max_size to 9216, which must be at most 1024"):
        check_layers(file, {"_class_name": "SD3Transformer2DModel", **settings}, 1, "transformer")
