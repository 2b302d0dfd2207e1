"""The motion adapters of one loaded pipeline: what its U-Net predicts for films.

Source: Guo et al. 2023 (AnimateDiff), section 4; `AnimateDiffPipeline`, diffusers 0.42.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.contract.errors import SettingUnsupported
from engine.models.loading.motion import LoadedMotion, load_motion
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import Model
from engine.painter.sampling.films import FilmParams, folded, unfolded
from engine.painter.sampling.guidance import PromptEmbeds

TRAINED_BETAS: Mapping[str, Any] = {"beta_schedule": "linear"}
"""How much noise motion adapters were trained with, which is not what their models were.

Source: Guo et al. 2023, appendix on the training (a linear schedule); the usage notes of diffusers' AnimateDiff.
"""


class MotionAdapters:
    """Those that are loaded beside a model, most recently used last."""

    def __init__(self, pipe: Any, model: Model, dtype: torch.dtype, device: torch.device) -> None:
        self._pipe, self._model, self._dtype, self._device = pipe, model, dtype, device
        self._loaded: OrderedDict[MotionAdapter, LoadedMotion] = OrderedDict()

    @property
    def sizes(self) -> Mapping[MotionAdapter, int]:
        """The bytes that each takes, least recently used first."""
        return {adapter: loaded.size_bytes for adapter, loaded in self._loaded.items()}

    def load(self, adapter: MotionAdapter) -> LoadedMotion:
        """Return the loaded motion adapter; raises what `load_motion` does."""
        if adapter not in self._loaded:
            self._loaded[adapter] = load_motion(adapter, self._pipe.unet, self._dtype, self._device)
        self._loaded.move_to_end(adapter)
        return self._loaded[adapter]

    def check(self, film: FilmParams) -> None:
        """Load what paints the film.

        Raises: SettingUnsupported for more frames than it was trained with, and what `load_motion` does.
        """
        if film.adapter is None:
            return
        most = self.load(film.adapter).max_frames
        if film.frames > most:
            name, value = "frames", str(film.frames)
            raise SettingUnsupported(name=name, value=value, model=self._model.name, within=("8", str(most)))

    def drop(self, adapter: MotionAdapter) -> None:
        """Unload a motion adapter; it is loaded again on its next use."""
        del self._loaded[adapter]

    def predict(
        self,
        film: FilmParams,
        latents: Tensor,
        timesteps: Tensor,
        embeds: Sequence[PromptEmbeds],
        guidance: Tensor | None,
    ) -> Tensor:
        """Return the output for films, float [batch, channels * frames, height, width].

        Films with texts of one length have one forward, because the U-Net takes no mask for texts.

        latents, timesteps, embeds: as in `LoadedModel.predict`. guidance: of each row, for a model with that input.
        """
        assert film.adapter is not None
        network = self.load(film.adapter).network
        if (hook := getattr(self._pipe.unet, "_hf_hook", None)) is not None:
            # The layers of an offloaded U-Net come to the device with it.
            hook.pre_forward(self._pipe.unet)
        outputs = torch.empty_like(latents)
        for length in dict.fromkeys(one.tokens.shape[1] for one in embeds):
            rows = [row for row, one in enumerate(embeds) if one.tokens.shape[1] == length]
            tokens = torch.cat([embeds[row].tokens for row in rows])
            output = network(
                unfolded(latents[rows], film.frames),
                timesteps[rows],
                encoder_hidden_states=tokens.repeat_interleave(film.frames, dim=0),
                timestep_cond=None if guidance is None else guidance[rows],
                return_dict=False,
            )[0]
            outputs[rows] = folded(output)
        return outputs
