"""The one table of samplers: the prompt language, families, painter and recipes all read their names from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class SchedulerChoice:
    """A scheduler class of diffusers, with its settings on top of the model's own configuration."""

    class_name: str
    settings: Mapping[str, str | int | bool] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """One sampler.

    diffusion: its scheduler for models that predict noise or v.
    flow: its scheduler for models that predict the velocity of a rectified flow; None where there is none.
    a1111: how AUTOMATIC1111 calls it: sampler, and noise schedule.
    max_steps: most steps that it takes; None for any number.
    has_zero_snr: whether its scheduler has the setting `rescale_betas_zero_snr` in diffusers 0.42.
    """

    diffusion: SchedulerChoice
    flow: SchedulerChoice | None = None
    a1111: tuple[str, str]
    max_steps: int | None = None
    has_zero_snr: bool = True


def _dpm(algorithm: str = "dpmsolver++", *, karras: bool = False) -> SchedulerChoice:
    settings: dict[str, str | int | bool] = {
        "algorithm_type": algorithm,
        "solver_order": 2,
        "use_karras_sigmas": karras,
    }
    return SchedulerChoice(class_name="DPMSolverMultistepScheduler", settings=settings)


def _plain(class_name: str) -> SchedulerChoice:
    return SchedulerChoice(class_name=class_name)


_DPM_FLOW = SchedulerChoice(
    class_name="DPMSolverMultistepScheduler",
    settings={
        "algorithm_type": "dpmsolver++",
        "solver_order": 2,
        "prediction_type": "flow_prediction",
        "use_flow_sigmas": True,
    },
)

SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "euler": Sampler(
            diffusion=_plain("EulerDiscreteScheduler"),
            flow=_plain("FlowMatchEulerDiscreteScheduler"),
            a1111=("Euler", "Automatic"),
        ),
        "euler-ancestral": Sampler(diffusion=_plain("EulerAncestralDiscreteScheduler"), a1111=("Euler a", "Automatic")),
        "heun": Sampler(
            diffusion=_plain("HeunDiscreteScheduler"),
            flow=_plain("FlowMatchHeunDiscreteScheduler"),
            a1111=("Heun", "Automatic"),
            has_zero_snr=False,
        ),
        "dpmpp-2m": Sampler(diffusion=_dpm(), flow=_DPM_FLOW, a1111=("DPM++ 2M", "Automatic")),
        "dpmpp-2m-karras": Sampler(diffusion=_dpm(karras=True), a1111=("DPM++ 2M", "Karras")),
        "dpmpp-2m-sde": Sampler(diffusion=_dpm("sde-dpmsolver++"), a1111=("DPM++ 2M SDE", "Automatic")),
        "ddim": Sampler(diffusion=_plain("DDIMScheduler"), a1111=("DDIM", "Automatic")),
        "unipc": Sampler(diffusion=_plain("UniPCMultistepScheduler"), a1111=("UniPC", "Automatic")),
        # A consistency model was distilled on so many steps, and no sampler of it finds more:
        # `original_inference_steps` of `LCMScheduler`, diffusers 0.42, which refuses more.
        "lcm": Sampler(diffusion=_plain("LCMScheduler"), a1111=("LCM", "Automatic"), max_steps=50),
    }
)
