"""The one table of samplers: the prompt language, families, painter and recipes all read their names from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class ScheduleKind(StrEnum):
    """What a model's timesteps and outputs mean; a sampler needs a scheduler of the same kind.

    diffusion: timesteps of a table of betas; the model predicts noise, v or the clean latents.
    edm: timesteps that are 0.25 * log(sigma), and preconditioned inputs and outputs (Karras et al. 2022, table 1).
    flow: timesteps that are 1000 * sigma; the model predicts the velocity of a rectified flow.
    """

    DIFFUSION = "diffusion"
    EDM = "edm"
    FLOW = "flow"


@dataclass(frozen=True, kw_only=True)
class SchedulerChoice:
    """A scheduler class of diffusers, with its settings on top of the model's own configuration.

    lacks: settings of other schedulers of its kind that change the pictures and that it does not have in diffusers
        0.42: it cannot paint with a model whose files set one of them.
    """

    class_name: str
    settings: Mapping[str, str | int | bool] = field(default_factory=lambda: MappingProxyType({}))
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """One sampler.

    diffusion, edm, flow: its scheduler for models of this kind; None where there is none.
    a1111: how AUTOMATIC1111 calls it: sampler, and noise schedule.
    max_steps: most steps that it takes; None for any number.
    """

    diffusion: SchedulerChoice
    edm: SchedulerChoice | None = None
    flow: SchedulerChoice | None = None
    a1111: tuple[str, str]
    max_steps: int | None = None

    def scheduler(self, kind: ScheduleKind) -> SchedulerChoice | None:
        """Return its scheduler for models of a kind, or None."""
        return {ScheduleKind.DIFFUSION: self.diffusion, ScheduleKind.EDM: self.edm, ScheduleKind.FLOW: self.flow}[kind]


# Timesteps that are 0.25 * log(sigma) although the model's noise is that of a table of betas.
_CONTINUOUS = frozenset({"timestep_type"})
_FLOW_ONLY = ("shift_terminal", "invert_sigmas", "stochastic_sampling")
_SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")


def _dpm(algorithm: str = "dpmsolver++", *, karras: bool = False) -> SchedulerChoice:
    settings: dict[str, str | int | bool] = {
        "algorithm_type": algorithm,
        "solver_order": 2,
        "use_karras_sigmas": karras,
        # A scheduler takes one of these; the files may choose another than the sampler.
        **({"use_exponential_sigmas": False, "use_beta_sigmas": False, "use_lu_lambdas": False} if karras else {}),
    }
    return SchedulerChoice(class_name="DPMSolverMultistepScheduler", settings=settings, lacks=_CONTINUOUS)


def _edm(algorithm: str = "dpmsolver++", **settings: str) -> SchedulerChoice:
    settings = {"algorithm_type": algorithm, **settings}
    return SchedulerChoice(class_name="EDMDPMSolverMultistepScheduler", settings={"solver_order": 2, **settings})


def _plain(class_name: str, *lacks: str) -> SchedulerChoice:
    return SchedulerChoice(class_name=class_name, lacks=frozenset(lacks))


_DPM_FLOW = SchedulerChoice(
    class_name="DPMSolverMultistepScheduler",
    settings={
        "algorithm_type": "dpmsolver++",
        "solver_order": 2,
        "prediction_type": "flow_prediction",
        "use_flow_sigmas": True,
    },
    lacks=frozenset({"time_shift_type", *_FLOW_ONLY, *_SPACINGS}),
)

SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "euler": Sampler(
            diffusion=_plain("EulerDiscreteScheduler"),
            edm=_plain("EDMEulerScheduler"),
            flow=_plain("FlowMatchEulerDiscreteScheduler"),
            a1111=("Euler", "Automatic"),
        ),
        "euler-ancestral": Sampler(
            diffusion=_plain("EulerAncestralDiscreteScheduler", *_CONTINUOUS), a1111=("Euler a", "Automatic")
        ),
        "heun": Sampler(
            diffusion=_plain("HeunDiscreteScheduler", "rescale_betas_zero_snr", *_CONTINUOUS),
            flow=_plain("FlowMatchHeunDiscreteScheduler", "use_dynamic_shifting", *_FLOW_ONLY, *_SPACINGS),
            a1111=("Heun", "Automatic"),
        ),
        "dpmpp-2m": Sampler(diffusion=_dpm(), edm=_edm(), flow=_DPM_FLOW, a1111=("DPM++ 2M", "Automatic")),
        "dpmpp-2m-karras": Sampler(
            diffusion=_dpm(karras=True), edm=_edm(sigma_schedule="karras"), a1111=("DPM++ 2M", "Karras")
        ),
        "dpmpp-2m-sde": Sampler(
            diffusion=_dpm("sde-dpmsolver++"), edm=_edm("sde-dpmsolver++"), a1111=("DPM++ 2M SDE", "Automatic")
        ),
        "ddim": Sampler(diffusion=_plain("DDIMScheduler", *_CONTINUOUS), a1111=("DDIM", "Automatic")),
        "unipc": Sampler(diffusion=_plain("UniPCMultistepScheduler", *_CONTINUOUS), a1111=("UniPC", "Automatic")),
        # A consistency model was distilled on so many steps, and no sampler of it finds more:
        # `original_inference_steps` of `LCMScheduler`, diffusers 0.42, which refuses more.
        "lcm": Sampler(diffusion=_plain("LCMScheduler", *_CONTINUOUS), a1111=("LCM", "Automatic"), max_steps=50),
    }
)
# Cannot paint with a model that predicts the clean latents.
WITHOUT_SAMPLE_PREDICTION = frozenset({"euler-ancestral"})
