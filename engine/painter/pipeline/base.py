"""What all families share: a diffusers pipeline whose parts encode, decode, preview and load LoRAs.

The public methods are those of `LoadedModel`, which documents them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.contract.errors import SpeedUnsupported
from engine.contract.jobs import Part
from engine.models.loading.offload import bytes_on_device
from engine.models.registry.adapters import Adapter
from engine.models.registry.clips import GuidingClip
from engine.models.registry.controls import ControlNet
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import Model
from engine.models.registry.speed import Compilation, Precision, SpeedSettings
from engine.painter.pipeline.controls import ControlNets
from engine.painter.pipeline.fast_denoiser import FastDenoiser, ForwardFailed, NotCompiled
from engine.painter.pipeline.ip_adapters import IPAdapters, ReferenceImages
from engine.painter.pipeline.loras import LoraManager, Loras
from engine.painter.pipeline.motion import MotionAdapters
from engine.painter.pipeline.openvino_denoiser import open_openvino_denoiser
from engine.painter.pipeline.prompt_weighting import Fragments, plain_text
from engine.painter.pipeline.protocol import Addition
from engine.painter.pipeline.steering import ClipSteering
from engine.painter.pipeline.vae import (
    PreviewFit,
    fit_preview_weights,
    latents_from_pictures,
    pictures_from_latents,
    pixels_from_latents,
    preview_from_latents,
)
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, apply_guidance
from engine.painter.sampling.steering import Steering


class PipelineModel(ABC):
    """The parts of a pipeline that do not depend on how its denoiser is called.

    num_channels: of the latents of one picture.
    """

    is_flow = False
    has_embedded_guidance = False
    takes_masks = False
    reads_stills = False
    frames_together = 1

    def __init__(
        self,
        pipe: Any,
        denoiser: Any,
        model: Model,
        *,
        num_channels: int,
        device: torch.device,
        sha256: str,
        fragments_of: Callable[[str], Fragments],
        fit_preview: PreviewFit = fit_preview_weights,
    ) -> None:
        """Take over the pipeline's parts; they are on `device` and in their final dtype."""
        self._denoiser, self._vae = denoiser, channels_last(pipe.vae)
        self._pipe, self._num_channels, self._fragments_of = pipe, num_channels, fragments_of
        self._model = model
        self.device = device
        self.sha256 = sha256
        self.dtype: torch.dtype = denoiser.dtype
        self.scheduler_config: Mapping[str, Any] = pipe.scheduler.config
        self.size_bytes = bytes_on_device(pipe, None)
        # Loading an adapter freezes the weights, and code compiled for unfrozen ones would not be used again.
        denoiser.requires_grad_(False)
        self._vae.requires_grad_(False)
        own = self.latent_shape(model.defaults.width, model.defaults.height)
        self._fast = _fast_denoiser(pipe, denoiser, model.speed, own)
        self._lora_manager, self._ip_adapters = LoraManager(pipe, model), IPAdapters(pipe, model)
        self._controls = ControlNets(pipe, model, self.dtype, device)
        self._motion = MotionAdapters(pipe, model, self.dtype, device)
        self._clips = ClipSteering(device)
        self._preview_weights = fit_preview(pipe.vae, self.latent_shape(64, 64))

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        factor = self._pipe.vae_scale_factor
        return self._num_channels, height // factor, width // factor

    def set_adapters(self, loras: Loras) -> None:
        self._lora_manager.set_adapters(loras)

    def load_control(self, control: ControlNet) -> None:
        self._controls.load(control)

    def check_film(self, film: FilmParams) -> None:
        self._motion.check(film)

    def clip_words(self, clip: GuidingClip, parts: Sequence[Part]) -> Tensor:
        texts = [plain_text(self._fragments_of(part.text)) for part in parts]
        return self._clips.words(clip, texts, [part.weight for part in parts])

    def clip_gradient(self, estimate: Tensor, steering: Steering, turn: int) -> Tensor:
        _, _, width = self.latent_shape(1024, 1024)
        return self._clips.gradient(estimate, steering, turn, partial(pixels_from_latents, self._vae), 1024 // width)

    def sha256_of(self, addition: Addition) -> str:
        if isinstance(addition, Adapter):
            return self._lora_manager.sha256_of(addition)
        if isinstance(addition, ControlNet):
            return self._controls.load(addition).sha256
        if isinstance(addition, MotionAdapter):
            return self._motion.load(addition).sha256
        if isinstance(addition, GuidingClip):
            return self._clips.sha256_of(addition)
        return self._ip_adapters.sha256_of(addition)

    def has_loaded(self, additions: Iterable[Addition]) -> bool:
        return set(additions) <= self.additions.keys()

    def with_references(
        self, conditioning: Conditioning, ip_adapters: Sequence[IPAdapter], images: Sequence[ReferenceImages]
    ) -> Conditioning:
        self._ip_adapters.load(ip_adapters)
        return self._ip_adapters.with_references(conditioning, images)

    @property
    def additions(self) -> Mapping[Addition, int]:
        networks = (self._controls.sizes, self._clips.sizes, self._motion.sizes)
        every = (self._lora_manager.adapters, *networks, self._ip_adapters.sizes)
        return dict[Addition, int]([one for sizes in every for one in sizes.items()])

    def drop(self, addition: Addition) -> None:
        if isinstance(addition, ControlNet):
            self._controls.drop(addition)
        elif isinstance(addition, MotionAdapter):
            self._motion.drop(addition)
        elif isinstance(addition, GuidingClip):
            self._clips.drop(addition)
        elif isinstance(addition, IPAdapter):
            self._ip_adapters.drop()
        else:
            self._lora_manager.drop(addition)

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        return self.encode_prompt(text)

    @abstractmethod
    def encode_prompt(self, text: str) -> PromptEmbeds:
        """Return the embeddings of a text with attention weights."""

    def warm_up(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        if self._fast is None:
            return
        try:
            self._fast.warm_up(self.forward, latents, timesteps, embeds)
        except NotCompiled as error:
            setting = f'compile = "{self._model.speed.compile}"'
            raise SpeedUnsupported(name=self._model.name, setting=setting, cause=str(error)) from error

    def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        is_changed = self._lora_manager.is_active or any(one.references or one.control or one.film for one in embeds)
        # Whoever wants gradients wants those of the denoiser itself.
        fast = None if is_changed or torch.is_grad_enabled() else self._fast
        while fast is not None and fast.batch_sizes(latents, embeds):
            try:
                return fast.predict(self.forward, latents, timesteps, embeds)
            except (torch.OutOfMemoryError, ForwardFailed):
                # That batch size is no longer used; a smaller one with less padding may fit.
                continue
        with self._ip_adapters.attending(embeds):
            return self.forward(self._denoiser, latents, timesteps, embeds)

    @abstractmethod
    def forward(self, denoiser: Any, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        """Return the output of a denoiser, the pipeline's own or a compiled copy, for a batch.

        Arguments and result are those of `LoadedModel.predict`.
        """

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        return apply_guidance(outputs, conditioning)

    def encode(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        return latents_from_pictures(self._vae, pictures.to(self.device), generator).to(self.dtype)

    def read_still(self, picture: Image.Image, generator: torch.Generator) -> PromptEmbeds:
        raise NotImplementedError

    def decode(self, latents: Tensor) -> Tensor:
        return pictures_from_latents(self._vae, latents)

    def preview(self, latents: Tensor) -> Tensor:
        return preview_from_latents(latents, self._preview_weights)


def _fast_denoiser(
    pipe: Any, denoiser: Any, speed: SpeedSettings, latents: tuple[int, int, int]
) -> FastDenoiser | None:
    """Return what paints sooner than the denoiser itself; None where nothing does, or nothing is wanted.

    latents: channels, height and width of the model's own size.
    """
    tokenizer = getattr(pipe, "tokenizer", None)
    if speed.compile is Compilation.AUTO and speed.precision is Precision.OWN and tokenizer is not None:
        return open_openvino_denoiser(denoiser, latents, tokenizer.model_max_length)
    if not speed.compile.is_by_torch:
        return None
    # Torch's compiler takes seconds to import, and most models are painted without it.
    from engine.painter.pipeline.compile import CompiledDenoiser

    return CompiledDenoiser(denoiser, speed.compile)


def channels_last(part: Any) -> Any:
    """Return the module with its weights in channels-last layout, except for video VAEs, whose 5-d weights have none.

    For decoders and UNets. Measured: 2026-11-21, the starter in float32, one CPU thread: 4 pictures decode in 79 ms
    instead of 98; its UNet gains nothing, SD 1.5's takes 12.1 s instead of 13.8 (one row, 512 x 512). On the CPU its
    kernels round bfloat16 differently: a tiny Sana was 39 dB from its stock pipeline and SD 1 was 48; both are equal
    with the default layout. Decoders keep it: they then decode a picture the same in every batch, which stock ones do
    not (2026-11-24, `python -m tests.bench rounding`).
    """
    is_video = any(weight.dim() == 5 for weight in part.parameters())
    return part if is_video else part.to(memory_format=torch.channels_last)
