"""The CLIP that steers what a pipeline paints: loaded beside it, and asked where a picture becomes more like words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from engine.models.files.folder_hash import folder_hash
from engine.models.loading.clip import LoadedClip, load_clip
from engine.models.registry.clips import GuidingClip
from engine.painter.sampling.steering import Steering

Decode = Callable[[Tensor], Tensor]
"""Returns pixels of latents, float [1, 3, height, width] in -1 to 1, through which gradients flow."""

# How many parts of the picture are looked at beside the whole, and their side, of the picture's.
_NUM_PARTS, _PART = 1, 0.75
# With these steps, the parts of successive model calls lie in different places. Source: Roberts 2018, the R2 sequence.
_DOWN, _ACROSS = 0.7548776662466927, 0.5698402909980532


class ClipSteering:
    """The CLIPs that are loaded beside a model, which has one at most."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._loaded: dict[GuidingClip, LoadedClip] = {}
        self._hashes: dict[GuidingClip, str] = {}

    @property
    def sizes(self) -> Mapping[GuidingClip, int]:
        """The bytes that each takes."""
        return {
            clip: sum(weight.numel() * weight.element_size() for weight in loaded.model.parameters())
            for clip, loaded in self._loaded.items()
        }

    def load(self, clip: GuidingClip) -> LoadedClip:
        """Return the loaded CLIP; raises what `load_clip` does."""
        if clip not in self._loaded:
            # Gradients do not flow through weights that were made in inference mode.
            with torch.inference_mode(False):
                loaded = load_clip(clip.name, clip.folder, self._device, clip.sha256)
                loaded.model.requires_grad_(False)
            # A recorded hash has just been checked.
            self._hashes[clip] = clip.sha256 or folder_hash(clip.folder, None)
            self._loaded[clip] = loaded
        return self._loaded[clip]

    def drop(self, clip: GuidingClip) -> None:
        """Unload it; it is loaded again on its next use."""
        del self._loaded[clip]

    def sha256_of(self, clip: GuidingClip) -> str:
        """Return the hash of the files that it was loaded from."""
        self.load(clip)
        return self._hashes[clip]

    def words(self, clip: GuidingClip, texts: Sequence[str], weights: Sequence[float]) -> Tensor:
        """Return the direction of the texts' weighted sum, float32 [1, dimensions] on the device."""
        embeddings = self.load(clip).embed_texts(texts)
        return normalize((embeddings * torch.tensor(weights)[:, None]).sum(dim=0, keepdim=True), dim=-1).to(
            self._device
        )

    def gradient(self, estimate: Tensor, steering: Steering, turn: int, decode: Decode, factor: int) -> Tensor:
        """Return by what the estimate becomes more like the words, of the estimate's shape, float32.

        That is -d D / d x0, where D is the mean over the picture and parts of it of 2 arcsin^2(|e - w| / 2), e being
        the embedding of what is looked at, and w the words.

        turn: number of the model call, which moves the parts. factor: pixels of a latent's side.
        """
        loaded = self.load(steering.clip)
        side = int(loaded.model.config.vision_config.image_size)
        with torch.inference_mode(False), torch.enable_grad():
            latents = estimate.float().clone().requires_grad_()
            pixels = decode(_shrunk(latents, side, factor)).float() / 2 + 0.5
            views = _views(pixels, side, turn)
            distance = _distance(loaded, views, steering.words.clone())
            (gradient,) = torch.autograd.grad(distance, latents)
        return -gradient


def _distance(loaded: LoadedClip, views: Tensor, words: Tensor) -> Tensor:
    reader = loaded.processor.image_processor
    mean, deviation = (views.new_tensor(one).view(1, 3, 1, 1) for one in (reader.image_mean, reader.image_std))
    features = loaded.model.get_image_features(pixel_values=(views - mean) / deviation)
    embeddings = normalize(getattr(features, "pooler_output", features).float(), dim=-1)
    chord = (embeddings - words).norm(dim=-1) / 2
    return 2 * torch.asin(chord.clamp(max=1 - 1e-6)).square().mean()


def _shrunk(latents: Tensor, side: int, factor: int) -> Tensor:
    """Return the latents of a picture as large as what CLIP reads: what is more costs time and memory, and is lost."""
    share = side / (factor * min(latents.shape[-2:]))
    if share >= 1:
        return latents
    # Even, because some decoders put four latents together.
    size = [max(2, round(length * share / 2) * 2) for length in latents.shape[-2:]]
    return interpolate(latents, size=size, mode="area")


def _views(pixels: Tensor, side: int, turn: int) -> Tensor:
    """Return the picture and parts of it as CLIP reads them, float [1 + parts, 3, side, side]."""
    height, width = pixels.shape[-2:]
    down, across = max(1, int(height * _PART)), max(1, int(width * _PART))
    views = [pixels]
    for number in range(_NUM_PARTS):
        at = turn * _NUM_PARTS + number + 1
        top, left = int(at * _DOWN % 1 * (height - down + 1)), int(at * _ACROSS % 1 * (width - across + 1))
        views.append(pixels[..., top : top + down, left : left + across])
    return torch.cat(
        [interpolate(one, size=(side, side), mode="bilinear", antialias=True, align_corners=False) for one in views]
    )
