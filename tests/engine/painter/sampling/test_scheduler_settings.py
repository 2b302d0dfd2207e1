"""The settings that a model's scheduler can have: nonsense is refused by name, and what is accepted can be sampled."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from engine.contract.samplers import SAMPLERS, ScheduleKind
from engine.models.files.saved_scheduler import SavedScheduler, supported_samplers
from engine.models.files.scheduler_settings import setting_problems
from engine.models.loading.scheduler_config import defaults_of
from engine.models.registry.families import MAX_STEPS
from engine.painter.sampling.trajectory import scheduler_for

CLASSES = {
    ScheduleKind.DIFFUSION: "EulerDiscreteScheduler",
    ScheduleKind.EDM: "EDMEulerScheduler",
    ScheduleKind.FLOW: "FlowMatchEulerDiscreteScheduler",
}

DIFFUSION, EDM, FLOW = ScheduleKind.DIFFUSION, ScheduleKind.EDM, ScheduleKind.FLOW

NONSENSE: list[tuple[ScheduleKind, dict[str, Any], str]] = [
    *[
        (kind, {"num_train_timesteps": value}, "which must be a whole number from 300 to 100000")
        for kind in ScheduleKind
        for value in (0, 1, 100, -5, "1000", 1000.5, True, None, [1000], 10**9)
    ],
    *[
        (DIFFUSION, {name: value}, "which must be a number over 0 and below 1")
        for name in ("beta_start", "beta_end")
        for value in (None, "0.1", 0, -0.1, 1, 2.5, math.nan, math.inf, [0.1])
    ],
    (
        DIFFUSION,
        {"beta_start": 0.02, "beta_end": 0.001},
        "beta_start to 0.02, which must be at most beta_end",
    ),
    (DIFFUSION, {"beta_start": 0.5}, "beta_start to 0.5, which must be at most beta_end, 0.02"),
    (
        DIFFUSION,
        {"beta_schedule": "cubic"},
        'beta_schedule to "cubic", which must be linear, scaled_linear or',
    ),
    (DIFFUSION, {"beta_schedule": ["linear"]}, "beta_schedule"),
    (DIFFUSION, {"timestep_spacing": "foo"}, '"foo", which must be linspace, leading or trailing'),
    (DIFFUSION, {"timestep_spacing": None}, "timestep_spacing to null"),
    (DIFFUSION, {"prediction_type": "noise"}, "which must be epsilon, v_prediction or sample"),
    (DIFFUSION, {"trained_betas": []}, "has 0 numbers in trained_betas"),
    (DIFFUSION, {"trained_betas": [0.1] * 999}, "has 999 numbers in trained_betas"),
    (DIFFUSION, {"trained_betas": "linear"}, "which must be a list of numbers from 0 to 1, or null"),
    (DIFFUSION, {"trained_betas": [0.1] * 999 + [None]}, "which must be a list of numbers from 0 to 1"),
    (DIFFUSION, {"trained_betas": [0.1] * 999 + [7]}, "which must be a list of numbers from 0 to 1"),
    *[(DIFFUSION, {"steps_offset": value}, "steps_offset") for value in (-1, 6, 1000, 0.5, "1", None)],
    (DIFFUSION, {"rescale_betas_zero_snr": "yes"}, 'to "yes", which must be true or false'),
    (DIFFUSION, {"clip_sample": "false"}, 'to "false", which must be true or false'),
    (DIFFUSION, {"use_karras_sigmas": True, "use_beta_sigmas": True}, "can use only one"),
    (DIFFUSION, {"interpolation_type": "cubic"}, "which must be linear or log_linear"),
    (
        DIFFUSION,
        {"sigma_min": 5.0, "sigma_max": 1.0},
        "sigma_min to 5.0, which must be less than sigma_max",
    ),
    (DIFFUSION, {"original_inference_steps": 2000}, "at most num_train_timesteps, 1000"),
    (DIFFUSION, {"solver_order": 0}, "solver_order"),
    (EDM, {"sigma_min": 90.0, "sigma_max": 80.0}, "which must be less than sigma_max, 80.0"),
    (EDM, {"sigma_min": 0}, "which must be a number over 0"),
    (EDM, {"sigma_data": None}, "which must be a number over 0"),
    (EDM, {"rho": 0}, "which must be a number over 0"),
    (EDM, {"sigma_schedule": "beta"}, "which must be karras or exponential"),
    (EDM, {"prediction_type": "sample"}, "which must be epsilon or v_prediction"),
    *[(FLOW, {"shift": value}, "which must be a number over 0, or null") for value in (0, -3, "3", math.inf)],
    (FLOW, {"shift_terminal": 1.0}, "which must be a number over 0 and below 1"),
    (
        FLOW,
        {"use_dynamic_shifting": True, "max_shift": None},
        "must be a number with use_dynamic_shifting",
    ),
    (
        FLOW,
        {"use_dynamic_shifting": True, "base_image_seq_len": 256, "max_image_seq_len": 256},
        "base_image_seq_len to 256, which must be less than max_image_seq_len, 256",
    ),
    (FLOW, {"time_shift_type": "cubic"}, "which must be exponential or linear"),
]

SENSE: list[tuple[ScheduleKind, dict[str, Any]]] = [
    *[(kind, {}) for kind in ScheduleKind],
    (DIFFUSION, {"beta_schedule": "squaredcos_cap_v2", "beta_start": None, "beta_end": 7}),
    (DIFFUSION, {"trained_betas": [0.001] * 1000, "beta_schedule": "unknown", "beta_start": 3}),
    (DIFFUSION, {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}),
    (DIFFUSION, {"num_train_timesteps": 1200, "steps_offset": 1, "trained_betas": None}),
    (DIFFUSION, {"num_train_timesteps": 300, "steps_offset": 1, "timestep_spacing": "leading"}),
    (DIFFUSION, {"steps_offset": 5, "timestep_spacing": "leading"}),
    (DIFFUSION, {"clip_sample": 0, "thresholding": None, "lambda_min_clipped": -math.inf}),
    (DIFFUSION, {"use_karras_sigmas": True, "sigma_min": None, "sigma_max": None}),
    (DIFFUSION, {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}),
    (EDM, {"sigma_min": 0.002, "sigma_max": 80, "sigma_schedule": "exponential"}),
    (FLOW, {"shift": 3, "sigma_data": "of no matter"}),
    (
        FLOW,
        {"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "time_shift_type": "linear"},
    ),
    (FLOW, {"shift_terminal": 0.02}),
]


@pytest.mark.parametrize(("kind", "settings", "told"), NONSENSE, ids=lambda value: str(value)[:60])
def test_nonsense_is_refused(kind: ScheduleKind, settings: dict[str, Any], told: str) -> None:
    (problem,) = setting_problems(kind, settings)
    assert problem.startswith("its scheduler/scheduler_config.json ") and told in problem


def test_everything_that_is_wrong_is_told_at_once() -> None:
    settings = {"beta_start": 0.00085, "num_train_timesteps": 0, "timestep_spacing": "foo", "steps_offset": -1}
    assert len(list(setting_problems(DIFFUSION, settings))) == 3


@pytest.mark.parametrize(("kind", "settings"), SENSE, ids=lambda value: str(value)[:60])
def test_what_is_accepted_can_be_sampled(kind: ScheduleKind, settings: dict[str, Any]) -> None:
    """By every sampler that supports it."""
    assert list(setting_problems(kind, settings)) == []
    saved = SavedScheduler(class_name=CLASSES[kind], settings=settings)
    config = {**defaults_of(saved.class_name), **settings, "_class_name": saved.class_name}
    samplers = supported_samplers(saved, SAMPLERS, {})
    assert samplers
    for sampler in samplers:
        for steps in (4, SAMPLERS[sampler].max_steps or MAX_STEPS):
            scheduler = scheduler_for(sampler, config, is_flow=kind is FLOW)
            shift = {"mu": 1.0} if settings.get("use_dynamic_shifting") else {}
            scheduler.set_timesteps(steps, **shift)
            timesteps = torch.as_tensor(scheduler.timesteps)
            assert torch.isfinite(timesteps).all()
            assert kind is not DIFFUSION or timesteps.max() < settings.get("num_train_timesteps", 1000)
