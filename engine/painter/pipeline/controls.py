"""The ControlNets of one loaded pipeline: what they add to the U-Net's layers for the rows that have a control picture.

Source: Zhang et al. 2023 (ControlNet), equation 2; `StableDiffusionControlNetPipeline` and
`StableDiffusionXLControlNetPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.models.loading.control import LoadedControlNet, load_control
from engine.models.registry.controls import ControlNet
from engine.models.registry.registry import Model
from engine.painter.sampling.guidance import ControlPicture, PromptEmbeds

Added = Mapping[str, Tensor] | None
"""The further conditions of a batch, by name, a row for each of its own."""


class ControlNets:
    """Those that are loaded beside a model, most recently used last."""

    def __init__(self, pipe: Any, model: Model, dtype: torch.dtype, device: torch.device) -> None:
        self._pipe, self._model, self._dtype, self._device = pipe, model, dtype, device
        self._loaded: OrderedDict[ControlNet, LoadedControlNet] = OrderedDict()

    @property
    def sizes(self) -> Mapping[ControlNet, int]:
        """The bytes that each takes, least recently used first."""
        return {control: loaded.size_bytes for control, loaded in self._loaded.items()}

    def load(self, control: ControlNet) -> LoadedControlNet:
        """Return the loaded ControlNet; raises what `load_control` does."""
        if control not in self._loaded:
            unet, factor = self._pipe.unet.config, self._pipe.vae_scale_factor
            self._loaded[control] = load_control(control, self._model.name, unet, factor, self._dtype, self._device)
        self._loaded.move_to_end(control)
        return self._loaded[control]

    def drop(self, control: ControlNet) -> None:
        """Unload a ControlNet; it is loaded again on its next use."""
        del self._loaded[control]

    def residuals(
        self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds], added: Added
    ) -> dict[str, Any]:
        """Return what is added to the U-Net's layers, by the names of its arguments; nothing for rows without control.

        Rows without one in a batch with others get zeros, which change nothing. Each ControlNet has one forward for its
        rows with texts of one length, because it takes no mask for texts.

        latents: float [batch, channels, height, width], without what a model that takes masks is given besides.
        timesteps, embeds: as in `LoadedModel.predict`.
        """
        groups: dict[tuple[ControlNet, int], list[int]] = {}
        for row, one in enumerate(embeds):
            if one.control is not None:
                groups.setdefault((one.control.control, one.tokens.shape[1]), []).append(row)
        whole: list[Tensor] = []
        for (control, _), rows in groups.items():
            outputs = self._outputs(control, rows, latents, timesteps, embeds, added)
            whole = whole or [one.new_zeros(len(latents), *one.shape[1:]) for one in outputs]
            for residual, output in zip(whole, outputs, strict=True):
                residual[rows] = output
        if not whole:
            return {}
        *down, middle = whole
        return {"down_block_additional_residuals": tuple(down), "mid_block_additional_residual": middle}

    def _outputs(
        self,
        control: ControlNet,
        rows: list[int],
        latents: Tensor,
        timesteps: Tensor,
        embeds: Sequence[PromptEmbeds],
        added: Added,
    ) -> list[Tensor]:
        """Return what the ControlNet adds for its rows: for each layer of the way down, then for the middle."""
        pictures = [picture for row in rows if (picture := embeds[row].control) is not None]
        down, middle = self.load(control).network(
            latents[rows],
            timesteps[rows],
            encoder_hidden_states=torch.cat([embeds[row].tokens for row in rows]),
            controlnet_cond=torch.cat([picture.pixels for picture in pictures]),
            conditioning_scale=_weights(pictures, latents),
            added_cond_kwargs=None if added is None else {name: values[rows] for name, values in added.items()},
            return_dict=False,
        )
        return [*down, middle]


def _weights(pictures: Sequence[ControlPicture], like: Tensor) -> Tensor:
    """Return each row's weight, [rows, 1, 1, 1]."""
    weights = torch.tensor([picture.weight for picture in pictures], dtype=like.dtype)
    return weights.view(-1, 1, 1, 1).to(like.device, non_blocking=True)
