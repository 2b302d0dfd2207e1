"""A sampler set up from another class's saved configuration takes the steps that diffusers' own takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch

from engine.contract.samplers import SAMPLERS
from engine.models.files.saved_scheduler import SavedScheduler, supported_samplers
from engine.painter.sampling.trajectory import Trajectory, scheduler_for
from tests.engine.painter.stock import EDM_SCHEDULERS, SCHEDULERS

TRAINED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
PLAYGROUND = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5}
COSXL = {
    "sigma_min": 0.002, "sigma_max": 120.0, "sigma_data": 1.0, "sigma_schedule": "exponential",
    "prediction_type": "v_prediction",
}  # fmt: skip
ZERO_SNR = {**TRAINED, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
SAVED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (f"{name}Scheduler", TRAINED) for name in (
        "DDIM", "DDPM", "DEISMultistep", "DPMSolverMultistep", "DPMSolverSinglestep", "EulerAncestralDiscrete",
        "EulerDiscrete", "HeunDiscrete", "KDPM2AncestralDiscrete", "KDPM2Discrete", "LCM", "PNDM", "SASolver", "TCD",
        "UniPCMultistep",
    )},
    "SD 1.5": ("PNDMScheduler", {**TRAINED, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1}),
    "SDXL": ("EulerDiscreteScheduler", {**TRAINED, "timestep_spacing": "leading", "steps_offset": 1}),
    "Karras": ("DPMSolverMultistepScheduler", {**TRAINED, "use_karras_sigmas": True}),
    "trailing": ("EulerDiscreteScheduler", {**TRAINED, "timestep_spacing": "trailing"}),
    "zero SNR": ("EulerDiscreteScheduler", {**ZERO_SNR, "timestep_spacing": "trailing"}),
    "zero SNR, DDIM": ("DDIMScheduler", {**ZERO_SNR, "clip_sample": False}),
    "thresholding": ("DPMSolverMultistepScheduler", {**TRAINED, "thresholding": True}),
    "continuous": ("EulerDiscreteScheduler", {
        **TRAINED, "prediction_type": "v_prediction", "timestep_type": "continuous", "sigma_min": 0.002,
        "sigma_max": 700.0, "use_karras_sigmas": True,
    }),
    "Playground v2.5": ("EDMDPMSolverMultistepScheduler", PLAYGROUND),
    "Playground v2.5, Euler": ("EDMEulerScheduler", PLAYGROUND),
    "CosXL": ("EDMEulerScheduler", COSXL),
}  # fmt: skip
# The sampler fixes these, whatever the files say: stock refuses an algorithm of DEIS or of SASolver.
FIXED: Mapping[str, Mapping[str, Any]] = {
    "dpmpp-2m": {"use_karras_sigmas": False, "algorithm_type": "dpmsolver++"},
    "dpmpp-2m-karras": {"algorithm_type": "dpmsolver++"},
    "dpmpp-2m-sde": {"use_karras_sigmas": False},
}


def saved_in(folder: Path, name: str) -> Any:
    """Return the scheduler as it is loaded from files."""
    kind, settings = SAVED[name]
    getattr(diffusers, kind)(**settings).save_pretrained(folder)
    return getattr(diffusers, kind).from_pretrained(folder)


@pytest.mark.parametrize("name", SAVED)
def test_every_sampler_takes_the_steps_of_the_stock_one(tmp_path: Path, name: str) -> None:
    """Of each that the files support; latents that DDIM would clip unless the files say so are not clipped."""
    saved = saved_in(tmp_path, name)
    config = {**saved.config, "_class_name": SAVED[name][0]}
    samplers = supported_samplers(SavedScheduler(class_name=SAVED[name][0], settings=config), SAMPLERS, {})
    assert samplers
    for sampler in samplers:
        kind, changes = EDM_SCHEDULERS[f"edm-{sampler}"] if "EDM" in SAVED[name][0] else SCHEDULERS[sampler]
        clipping = {name: value for name, value in saved.config.items() if name == "clip_sample"}
        stock = kind.from_config(saved.config, **{**FIXED.get(sampler, {}), **changes, **clipping})
        assert walked(scheduler_for(sampler, config)).equal(walked(stock)), sampler


@pytest.mark.parametrize("name", ["Playground v2.5", "CosXL", "continuous", "zero SNR"])
def test_samplers_of_another_kind_are_not_supported(name: str) -> None:
    """They would take the model's outputs for something else."""
    kind, settings = SAVED[name]
    supported = supported_samplers(SavedScheduler(class_name=kind, settings=settings), SAMPLERS, {})
    others = {"continuous": set(SAMPLERS) - {"euler"}, "zero SNR": {"heun"}}
    edm = {sampler for sampler in SAMPLERS if f"edm-{sampler}" not in EDM_SCHEDULERS}
    assert set(SAMPLERS) - set(supported) == others.get(name, edm)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("kind", ["DDPMScheduler", "PNDMScheduler", "LCMScheduler", "HeunDiscreteScheduler"])
def test_betas_that_the_files_leave_out_are_those_of_the_class_in_the_files(kind: str, sampler: str) -> None:
    """The classes have other betas by default, and the model was trained with one of them."""
    saved = getattr(diffusers, kind).from_config({})
    scheduler = scheduler_for(sampler, {**saved.config, "_class_name": kind})
    assert scheduler.alphas_cumprod.allclose(saved.alphas_cumprod)


@pytest.mark.parametrize("settings", [{}, {"clip_sample": False}, {"clip_sample": True}])
def test_ddim_clips_latents_only_where_the_files_say_so(settings: dict[str, bool]) -> None:
    """Also where the files are of a class that has the setting, and leave it out."""
    for kind in ("DDIMScheduler", "DDPMScheduler", "EulerDiscreteScheduler"):
        saved = getattr(diffusers, kind).from_config({**TRAINED, **settings})
        config = {**saved.config, "_class_name": kind}
        assert scheduler_for("ddim", config).config.clip_sample is settings.get("clip_sample", False)


def walked(scheduler: Any) -> torch.Tensor:
    """Return the timesteps and all latents of five steps whose prediction is a fifth of the scaled latents."""
    scheduler.set_timesteps(5)
    trajectory = Trajectory(scheduler, [torch.Generator().manual_seed(1)])
    latents = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(0)) * scheduler.init_noise_sigma
    seen = [scheduler.timesteps.float()]
    while not trajectory.is_over:
        latents, _ = trajectory.step(0.2 * trajectory.scale_model_input(latents), latents)
        seen.append(latents.flatten())
    return torch.cat(seen)
