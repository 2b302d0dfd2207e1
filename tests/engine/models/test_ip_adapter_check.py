"""`easel models check` says whether registered IP-Adapters can be used, and records their hashes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.contract.errors import AdapterMismatch, ModelBroken, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.models.ip_adapter_check import ip_adapter_status, ip_adapter_statuses, record_ip_adapter_hash
from engine.models.registry.registry import Registry, read_registry
from tests.engine.painter.ip_adapters import entry_of, save_all
from tests.sharing import made_once


@pytest.fixture
def registry(shared_folder: Path, tmp_path: Path) -> Registry:
    made = made_once(shared_folder / "ip-adapters", save_all)
    shutil.copytree(made, tmp_path / "models")
    return read_registry(tmp_path / "models" / "registry.toml")


def test_it_fits_the_models_of_its_family_and_its_hash_is_recorded(registry: Registry) -> None:
    """Of the weights and the image encoder: when either changes, it is refused."""
    statuses = [*ip_adapter_statuses(registry)]
    assert [(one.error, one.fits) for one in statuses] == [(None, ("tiny",))] * 3 + [(None, ("sdxl",))]
    for status in statuses:
        record_ip_adapter_hash(registry, status)
    recorded = read_registry(registry.path)
    assert [one.sha256 for one in recorded.ip_adapters.values()] == [one.sha256 for one in statuses]
    assert all(one.error is None for one in ip_adapter_statuses(recorded))
    with (registry.path.parent / "image-encoder" / "config.json").open("a") as config:
        config.write(" ")
    assert all(isinstance(one.error, WeightsMismatch) for one in ip_adapter_statuses(recorded))


def test_what_cannot_work_is_told(registry: Registry) -> None:
    """Files of another family, that are missing, of faces, or no IP-Adapter's."""
    own, wide = registry.ip_adapters["look"], registry.ip_adapters["xl"]
    folder = registry.path.parent
    save_file(
        {"image_proj.proj.0.weight": torch.zeros(2, 2), "ip_adapter.1.to_k_ip.weight": torch.zeros(2, 2)},
        folder / "face.safetensors",
    )
    save_file({"lora.weight": torch.zeros(2, 2)}, folder / "lora.safetensors")
    wrong = {
        replace(wide, family="sd1"): (AdapterMismatch, "32 features, and the IP-Adapter is made for 64"),
        replace(own, file="gone.safetensors"): (WeightsMissing, "gone"),
        replace(own, image_encoder="gone"): (WeightsMissing, "gone"),
        replace(own, file="face.safetensors"): (ModelBroken, "FaceID"),
        replace(own, file="lora.safetensors"): (ModelBroken, "lacks image_proj"),
    }
    for adapter, (kind, words) in wrong.items():
        error = ip_adapter_status(adapter, replace(registry, ip_adapters={adapter.name: adapter})).error
        assert isinstance(error, kind) and words in str(error)


def test_an_entry_that_cannot_work_is_told_with_all_its_faults(registry: Registry) -> None:
    with registry.path.open("a") as file:
        file.write(entry_of("bad", "flux", more='hub = "a/b"\nfolder = "c"').replace(".safetensors", ".bin"))
    with pytest.raises(SettingsInvalid) as told:
        read_registry(registry.path)
    assert [sentence.split(": ", 2)[2][:26] for sentence in told.value.problems] == [
        "file must be a .safetensor",
        "set one of folder, hub, no",
        "models of family flux cann",
    ]
