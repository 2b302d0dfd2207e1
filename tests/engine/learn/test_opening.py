"""A model that is trained runs by torch and in a precision for gradients, however its operator has it painted."""

from __future__ import annotations

from dataclasses import replace

import torch

from engine.learn.opening import open_to_train
from engine.models.loading.device import Device
from engine.models.registry.registry import read_registry
from engine.models.registry.speed import Precision, SpeedSettings

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)


def test_its_predictions_are_those_of_the_denoiser_that_is_trained() -> None:
    """Of the starter, which is painted by a copy of it where there is OpenVINO."""
    half = SpeedSettings(precision=Precision.HALF)
    model, denoiser = open_to_train(replace(read_registry().model("starter"), speed=half), CPU)
    calls: list[object] = []
    denoiser.register_forward_pre_hook(lambda *_: calls.append(None))
    latents = torch.zeros(1, *model.latent_shape(64, 64))
    with torch.no_grad():
        model.predict(latents, torch.tensor([500.0]), [model.encode_prompt("a red circle")])
    assert len(calls) == 1
    assert denoiser.dtype == torch.float32
