"""A model that is trained runs by torch, however its operator has it painted."""

from __future__ import annotations

import torch

from engine.learn.opening import open_to_train
from engine.models.loading.device import Device
from engine.models.registry.registry import read_registry

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)


def test_its_predictions_are_those_of_the_denoiser_that_is_trained() -> None:
    """Of the starter, which is painted by a copy of it where there is OpenVINO."""
    model, denoiser = open_to_train(read_registry().model("starter"), CPU)
    calls: list[object] = []
    denoiser.register_forward_pre_hook(lambda *_: calls.append(None))
    latents = torch.zeros(1, *model.latent_shape(64, 64))
    with torch.no_grad():
        model.predict(latents, torch.tensor([500.0]), [model.encode_prompt("a red circle")])
    assert len(calls) == 1
