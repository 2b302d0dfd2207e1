"""The reference: stock diffusers pipelines with the painter's settings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import torch
from PIL import Image

# From here on pictures are equal. Measured: 77 or more, where four numbers of a picture are rounded otherwise; guidance
# that is off by a fifth leaves 61 at most, in the worse of two pictures of one step (2026-11-24, these families and
# samplers).
EQUAL_DB = 70
# Below this they are others.
OTHER_DB = 50

SCHEDULERS: Mapping[str, tuple[Any, Mapping[str, Any]]] = MappingProxyType(
    {
        "euler": (diffusers.EulerDiscreteScheduler, {}),
        "euler-ancestral": (diffusers.EulerAncestralDiscreteScheduler, {}),
        "heun": (diffusers.HeunDiscreteScheduler, {}),
        "dpmpp-2m": (diffusers.DPMSolverMultistepScheduler, {}),
        "dpmpp-2m-karras": (diffusers.DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
        "dpmpp-2m-sde": (diffusers.DPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++"}),
        # As no class of the files here has it; the pipeline of SD 1 corrects the default, that of SDXL does not.
        "ddim": (diffusers.DDIMScheduler, {"clip_sample": False}),
        "unipc": (diffusers.UniPCMultistepScheduler, {}),
        "lcm": (diffusers.LCMScheduler, {}),
    }
)
_FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
FLOW_SCHEDULERS: Mapping[str, tuple[Any, Mapping[str, Any]]] = MappingProxyType(
    {
        "flow": (diffusers.FlowMatchEulerDiscreteScheduler, {}),
        "flow-euler": (diffusers.FlowMatchEulerDiscreteScheduler, {"shift": 3.0}),
        "flow-heun": (diffusers.FlowMatchHeunDiscreteScheduler, {"shift": 3.0}),
        "flow-dpmpp-2m": (diffusers.DPMSolverMultistepScheduler, _FLOW),
    }
)

EDM_SCHEDULERS: Mapping[str, tuple[Any, Mapping[str, Any]]] = MappingProxyType(
    {
        "edm-euler": (diffusers.EDMEulerScheduler, {}),
        "edm-dpmpp-2m": (diffusers.EDMDPMSolverMultistepScheduler, {}),
        "edm-dpmpp-2m-karras": (diffusers.EDMDPMSolverMultistepScheduler, {"sigma_schedule": "karras"}),
        "edm-dpmpp-2m-sde": (diffusers.EDMDPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++"}),
    }
)


def stock_pictures(
    folder: Path,
    *,
    sampler: str,
    seed: int = 7,
    pictures: int = 4,
    source: bytes | None = None,
    loras: Mapping[Path, float] = MappingProxyType({}),
    kind: str = "StableDiffusionPipeline",
    dtype: torch.dtype = torch.float32,
    given: Mapping[str, Any] = MappingProxyType({}),
    **settings: Any,
) -> list[Image.Image]:
    """Return the pictures that the stock pipeline paints, each from a generator of its own.

    given: settings of the scheduler that are not those of the files.
    """
    scheduler, changes = {**SCHEDULERS, **FLOW_SCHEDULERS, **EDM_SCHEDULERS}[sampler]
    # Handed over as an argument, as the pipelines correct settings that a scheduler must not have with them.
    saved = scheduler.from_pretrained(folder, subfolder="scheduler", **{**changes, **given})
    pipe = getattr(diffusers, kind).from_pretrained(folder, dtype=dtype, scheduler=saved)
    pipe.set_progress_bar_config(disable=True)
    if source is not None:
        settings["image"] = Image.open(io.BytesIO(source))
    for index, file in enumerate(loras):
        pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name=f"lora{index}")
    if loras:
        pipe.set_adapters([f"lora{index}" for index in range(len(loras))], list(loras.values()))
    generators = [torch.Generator().manual_seed(seed + slot) for slot in range(pictures)]
    result = pipe(num_images_per_prompt=pictures, generator=generators, **settings)
    images: list[Image.Image] = result.images
    return images
