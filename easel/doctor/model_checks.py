"""The checks of `easel doctor` on what paints: the device, the models file and the weights of the default model."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

from easel.credentials import open_credentials
from easel.doctor.checks import CheckResult
from easel.errors import sentence_from_error
from engine.contract.add_ons import AddOn, errors_about
from engine.contract.errors import EaselError, SettingsInvalid
from engine.hash_list import BarredPictures
from engine.models.files.folder_hash import folder_hash
from engine.models.manage import model_status
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.settings import EngineSettings
from engine.starter import WEIGHTS, verify_weights


async def check_model(settings: EngineSettings) -> CheckResult:
    """Check that the default model is registered and that its files are complete and match the recorded hash.

    Loading it takes seconds, and is left to `easel models check`.
    """
    try:
        model = read_registry(settings.models_file or SHIPPED).model(settings.model)
        folder = await asyncio.to_thread(_verified_folder, model)
    except EaselError as error:
        return CheckResult(name="model", found=settings.model or "default", fix=sentence_from_error(error))
    return CheckResult(name="model", found=f"{model.name} in {folder}; `easel models check` also loads it")


async def check_classifier(settings: EngineSettings) -> CheckResult:
    """Check that the files of the classifier are there and match the recorded hash, and say where none is used."""
    try:
        classifier = read_registry(settings.models_file or SHIPPED).classifier
        if classifier is None:
            return CheckResult(name="classifier", found="none registered; no picture is checked before it is shown")
        if settings.safety == "off":
            return CheckResult(name="classifier", found=f"{classifier.name}, not used because of EASEL_SAFETY=off")
        with errors_about(AddOn.CLASSIFIER, classifier.name):
            await asyncio.to_thread(folder_hash, classifier.folder, classifier.sha256)
    except EaselError as error:
        return CheckResult(name="classifier", found="not usable", fix=sentence_from_error(error))
    return CheckResult(name="classifier", found=f"{classifier.name} looks at every picture")


async def check_hash_list(settings: EngineSettings) -> CheckResult | None:
    """Check the list of pictures that must never appear; None where there is none."""
    if settings.hashes_file is None:
        return None
    try:
        count = await BarredPictures(settings.hashes_file).load()
    except SettingsInvalid as error:
        return CheckResult(name="hashes", found=str(settings.hashes_file), fix=" ".join(error.problems))
    return CheckResult(name="hashes", found=f"{count:,} in {settings.hashes_file}")


async def check_credentials(settings: EngineSettings) -> CheckResult | None:
    """Check the key and the certificates that pictures are signed with; None where there are none."""
    if settings.c2pa_key_file is None and settings.c2pa_certificates_file is None:
        return None
    try:
        await open_credentials(settings)
    except SettingsInvalid as error:
        return CheckResult(name="credentials", found="not usable", fix=" ".join(error.problems))
    return CheckResult(name="credentials", found=f"pictures are signed with {settings.c2pa_key_file}")


async def check_device(settings: EngineSettings) -> CheckResult:
    """Return the device that paints, its number format, and how much memory model weights may use."""
    try:
        loading = await asyncio.to_thread(import_module, "engine.models.loading.device")
    except ImportError as error:
        return CheckResult(name="device", found=f"torch cannot be imported: {error}", fix="Run `make setup` again.")
    try:
        device = loading.best_device()
        memory = f"{loading.memory_budget(device) / 2**30:.1f} GB available for weights"
    except RuntimeError as error:
        fix = "Close other programs that use the card, or hide it from Easel with CUDA_VISIBLE_DEVICES=."
        return CheckResult(name="device", found=f"the card does not respond: {error}", fix=fix)
    dtype = str(device.dtype).removeprefix("torch.")
    if settings.models_memory is not None:
        memory += f", set to {settings.models_memory:g} GB by EASEL_MODELS_MEMORY"
    return CheckResult(name="device", found=f"{device.device}, {dtype}, {memory}")


def _verified_folder(model: Model) -> Path:
    status = model_status(model)
    if status.error is not None:
        raise status.error
    assert status.path is not None
    folder = status.path.resolve()
    if folder == WEIGHTS.resolve():
        verify_weights(folder)
    return folder
