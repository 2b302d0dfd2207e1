"""The one protocol that every family is adapted to: text to embeddings, latents to predictions, latents to pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from engine.contract.jobs import Part
from engine.models.registry.adapters import Adapter
from engine.models.registry.clips import GuidingClip
from engine.models.registry.controls import ControlNet
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.motion import MotionAdapter
from engine.painter.pipeline.ip_adapters import ReferenceImages
from engine.painter.pipeline.loras import Loras
from engine.painter.sampling.films import FilmParams
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds
from engine.painter.sampling.steering import Steering

Addition = Adapter | ControlNet | GuidingClip | IPAdapter | MotionAdapter
"""What is loaded beside a model's own weights, and may be unloaded without it."""


class LoadedModel(Protocol):
    """A model on its device, ready to paint; used from one thread only.

    scheduler_config: what samplers are set up from; its class is `_class_name`.
    is_flow: whether it predicts the velocity of a rectified flow.
    has_embedded_guidance: whether it takes the guidance scale as an input, and needs no unconditional row.
    takes_masks: whether it was trained to inpaint: its input is the latents, the mask and the latents of what is kept.
    reads_stills: whether it reads a picture in place of texts, and makes films that go on from it.
    frames_together: frames of a film that are decoded together, because the decoder blends them.
    dtype, device: of its latents.
    sha256: hash over its weights and configurations.
    size_bytes: memory that its weights take, without additions.
    """

    scheduler_config: Mapping[str, Any]
    is_flow: bool
    has_embedded_guidance: bool
    takes_masks: bool
    reads_stills: bool
    frames_together: int
    dtype: torch.dtype
    device: torch.device
    sha256: str
    size_bytes: int

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """Return channels, height and width of the latents of one picture."""
        ...

    def encode_prompt(self, text: str) -> PromptEmbeds:
        """Return the embeddings of a text with attention weights in brackets."""
        ...

    def encode_negative(self, text: str = "") -> PromptEmbeds:
        """Return the embeddings of the unconditional row: of a negative text, or the model's own for an empty one."""
        ...

    def set_adapters(self, loras: Loras) -> None:
        """Encode texts and predict with exactly these adapters from now on.

        Raises: AdapterMismatch, WeightsMissing, WeightsMismatch for a file with another hash than registered,
        torch.OutOfMemoryError; then no adapter is set, and nothing of a failed one is left.
        """
        ...

    def load_control(self, control: ControlNet) -> None:
        """Load a ControlNet unless it is loaded; `predict` does so too for those of its rows.

        Raises: WeightsMissing, WeightsMismatch, ModelBroken, SettingUnsupported for one that does not fit,
        torch.OutOfMemoryError.
        """
        ...

    def check_film(self, film: FilmParams) -> None:
        """Load the film's motion adapter unless it is loaded; `predict` does so too for those of its rows.

        Raises: OperationUnsupported for a model that paints no films, SettingUnsupported for too many frames,
        WeightsMissing, WeightsMismatch, ModelBroken also for an adapter that does not fit, torch.OutOfMemoryError.
        """
        ...

    def clip_words(self, clip: GuidingClip, parts: Sequence[Part]) -> Tensor:
        """Return what a CLIP steers to for a prompt's positive parts, float32 [1, dimensions]; it is loaded if need be.

        Raises: ModelBroken, WeightsMismatch, torch.OutOfMemoryError.
        """
        ...

    def clip_gradient(self, estimate: Tensor, steering: Steering, turn: int) -> Tensor:
        """Return by what an estimate of clean latents becomes more like the words, float32 of its shape.

        estimate: float [1, channels, height, width]. turn: the number of the model call.

        Raises: torch.OutOfMemoryError.
        """
        ...

    def sha256_of(self, addition: Addition) -> str:
        """Return the SHA-256 of the files that an addition was loaded from; an adapter must be loaded."""
        ...

    def has_loaded(self, additions: Iterable[Addition]) -> bool:
        """Return whether all of these are loaded, so that painting with them opens no file."""
        ...

    @property
    def additions(self) -> Mapping[Addition, int]:
        """The memory in bytes that each loaded addition takes, least recently used first of its kind."""
        ...

    def drop(self, addition: Addition) -> None:
        """Unload an addition, an IP-Adapter with all of the model; it is loaded again on its next use."""
        ...

    def with_references(
        self, conditioning: Conditioning, ip_adapters: Sequence[IPAdapter], images: Sequence[ReferenceImages]
    ) -> Conditioning:
        """Return the conditioning with what some IP-Adapters make of pictures; they are loaded if need be.

        ip_adapters: all that the model has.

        Raises: ModelBroken, WeightsMissing, WeightsMismatch for files with another hash than registered,
        torch.OutOfMemoryError.
        """
        ...

    def timesteps(self, scheduler: Any, steps: int, width: int, height: int) -> None:
        """Set a scheduler's timesteps, on the CPU, where they are read one by one.

        width, height: of the pictures, in pixels.
        """
        ...

    def warm_up(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> None:
        """Compile for batches of this shape and size if the operator chose to; arguments as in `predict`.

        Raises: SpeedUnsupported when it cannot be done here, torch.OutOfMemoryError.
        """
        ...

    def predict(self, latents: Tensor, timesteps: Tensor, embeds: Sequence[PromptEmbeds]) -> Tensor:
        """Return the model's output for a batch.

        latents: float [batch, channels, height, width] in `dtype`, scaled by each row's `scale_model_input`.
        timesteps: float32 [batch] in 0 to 1000, one for each row.
        Returns: predicted noise, velocity or clean latents, as the model was trained; shape and dtype of `latents`.
        """
        ...

    def guide(self, outputs: Tensor, conditioning: Conditioning) -> Tensor:
        """Return one prediction for each picture from those for its texts, float [pictures, channels, height, width].

        outputs: float [texts * pictures, channels, height, width]: the first of `conditioning.texts` for all pictures,
            then the next.
        """
        ...

    def encode(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Return latents drawn from the encoder's distribution, float [1, channels, height / factor, width / factor].

        pictures: float [1, 3, height, width] in -1 to 1, on any device.
        """
        ...

    def read_still(self, picture: Image.Image, generator: torch.Generator) -> PromptEmbeds:
        """Return a picture as models that make films of pictures read it; `reads_stills` says which do.

        picture: in RGB, of the film's size. generator: on the CPU; draws the noise that is added to the picture.
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Return pixels, uint8 [batch, height, width, 3] on the CPU.

        latents: float [batch, channels, height / factor, width / factor], clean.

        Raises: FloatingPointError for pixels that are not finite, torch.OutOfMemoryError.
        """
        ...

    def preview(self, latents: Tensor) -> Tensor:
        """Return small previews by a linear map, uint8 [batch, height / factor, width / factor, 3] on the CPU."""
        ...
