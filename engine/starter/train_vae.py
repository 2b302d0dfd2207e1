"""Training of the autoencoder, initialized to average colours, and later of its decoder alone.

L1 and L2 losses only: the world is flat and sharp, so no perceptual or adversarial term is needed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn

from engine.starter.architecture import LATENT_CHANNELS
from engine.starter.examples import pixels_from_pictures

_CROP = 64
_WHOLE_FROM = 0.7
_PAINTED_NOISE = 0.1


class SquareCrops:
    """Crops of the 128 x 128 renders of shards."""

    def __init__(self, shards: Iterable[Path]) -> None:
        self.pictures = [np.load(shard / "128x128.npy", mmap_mode="r") for shard in shards]

    def draw(self, count: int, side: int, rng: random.Random) -> torch.Tensor:
        """Return random crops, float32 [count, 3, side, side], -1 to 1."""
        crops = []
        for _ in range(count):
            pictures = rng.choice(self.pictures)
            top, left = rng.randrange(129 - side), rng.randrange(129 - side)
            crops.append(pictures[rng.randrange(len(pictures)), top : top + side, left : left + side])
        return pixels_from_pictures(np.stack(crops))


@torch.no_grad()
def start_from_averages(model: AutoencoderKL, pixels: torch.Tensor) -> None:
    """Initialize `model` to encode each 8 x 8 patch as its mean colour and decode it: 20 dB PSNR without training.

    Blocks are close to the identity. Colours are carried twice, once negated, so that the last activation keeps them,
    and two constant channels stop the norms from amplifying flat pictures.

    pixels: float32 [n, 3, height, width], -1 to 1, which the scales are fitted on.
    """
    for module in model.modules():
        _pass_through(module)
    _carry_colours(model.encoder.conv_in, 3)
    _carry_colours(model.decoder.conv_in, 8)
    for ends in (model.encoder.conv_out, model.decoder.conv_out):
        _subtract_negatives(ends)
    model.encoder.conv_out.weight[LATENT_CHANNELS:] *= 0.1
    for mixer in (model.quant_conv, model.post_quant_conv):
        nn.init.dirac_(mixer.weight)
        nn.init.zeros_(mixer.bias)
    model.quant_conv.bias[LATENT_CHANNELS:] = -5
    _fit_scales(model, pixels)


def _pass_through(module: Any) -> None:
    match type(module).__name__:
        case "ResnetBlock2D":
            module.conv2.weight.mul_(0.1)
            if module.conv_shortcut is not None:
                _keep_channels(module.conv_shortcut, slice(0, 1), 1.0, rest=1.0)
        case "Downsample2D":
            _keep_channels(module.conv, slice(0, 2), 0.25, rest=0.1)
        case "Upsample2D":
            _keep_channels(module.conv, slice(1, 2), 1.0, rest=0.1)


def _keep_channels(layer: Any, taps: slice, share: float, rest: float) -> None:
    """Make each channel the weighted sum of itself over `taps` of the kernel; what else there was counts `rest`."""
    narrow = min(layer.weight.shape[:2])
    layer.weight.mul_(rest)
    if rest == 1.0:
        layer.weight[:narrow] = 0
    for channel in range(narrow):
        layer.weight[channel, channel, taps, taps] = share
    nn.init.zeros_(layer.bias)


def _carry_colours(layer: Any, channels: int) -> None:
    layer.weight[:channels] = 0
    nn.init.zeros_(layer.bias)
    for colour in range(3):
        layer.weight[colour, colour, 1, 1] = 1
        layer.weight[colour + 3, colour, 1, 1] = -1
    layer.bias[6], layer.bias[7] = 2, -2


def _subtract_negatives(layer: Any) -> None:
    layer.weight[:3] *= 0.1
    layer.bias[:3] = 0
    for colour in range(3):
        layer.weight[colour, colour, 1, 1] += 1
        layer.weight[colour, colour + 3, 1, 1] -= 1


def _fit_scales(model: AutoencoderKL, pixels: torch.Tensor) -> None:
    latents = model.encode(pixels).latent_dist.mean
    means = nn.functional.avg_pool2d(pixels, 8)
    for colour in range(3):
        gain = (latents[:, colour] * means[:, colour]).sum() / latents[:, colour].square().sum()
        model.encoder.conv_out.weight[colour] *= 1.3 * gain
    decoded = model.decode(model.encode(pixels).latent_dist.mean).sample
    model.decoder.conv_out.weight *= (pixels * decoded).sum() / decoded.square().sum()


def train_autoencoder(
    model: AutoencoderKL, crops: SquareCrops, *, steps: int, rate: float = 1.5e-3, decoder_only: bool = False
) -> Iterator[float]:
    """Train `model` on crops, in the last 30 % on whole renders; yield each step's MSE of pixels on a 0 to 1 scale.

    The loss is L1 + 2 L2 + 1e-4 KL, the divergence of the latents from a standard normal (Kingma & Welling 2014).

    decoder_only: freeze the encoder, so that models trained on its latents stay valid, and add Gaussian noise of
        deviation 0.1 to the latents, because painted latents are not clean. (900 steps raised reconstruction from 28.0
        to 29.1 dB and the right shapes of 60 painted pictures from 54 to 57.)
    """
    rng = random.Random(steps)
    frozen = [model.encoder, model.quant_conv] if decoder_only else []
    for part in frozen:
        part.requires_grad_(False)
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=rate, betas=(0.9, 0.98), weight_decay=1e-4)
    for step in range(steps):
        done = step / steps
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 100) * (1 - done) ** 0.8 + 1e-5
        pixels = crops.draw(8, _CROP, rng) if done < _WHOLE_FROM else crops.draw(3, 128, rng)
        loss, error = _losses(model, pixels, _PAINTED_NOISE if decoder_only else 0.0)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(trainable, 0.5)
        optimizer.step()
        yield error / 4
    for part in frozen:
        part.requires_grad_(True)


def _losses(model: AutoencoderKL, pixels: torch.Tensor, noise: float) -> tuple[torch.Tensor, float]:
    latents = model.encode(pixels).latent_dist
    drawn = latents.sample()
    difference = model.decode(drawn + noise * torch.randn_like(drawn)).sample - pixels
    error = difference.square().mean()
    surplus = (latents.mean.square() + latents.var - 1 - latents.logvar).mean() / 2
    return difference.abs().mean() + 2 * error + 1e-4 * surplus, float(error)


@torch.no_grad()
def normalise_latents(model: AutoencoderKL, pixels: torch.Tensor) -> None:
    """Normalize each latent channel to mean 0 and deviation 1 over `pixels`, and undo it in the decoder.

    The change is folded into the two 1 x 1 convolutions around the latents, because pipelines support only one scaling
    factor for all channels and no shift.

    pixels: float32 [n, 3, height, width], -1 to 1.
    """
    latents = torch.cat([model.encode(batch).latent_dist.mean for batch in torch.split(pixels, 32)])
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    before, after = model.quant_conv, model.post_quant_conv
    before.weight[:LATENT_CHANNELS] /= deviation[:, None, None, None]
    before.bias[:LATENT_CHANNELS] = (before.bias[:LATENT_CHANNELS] - mean) / deviation
    before.bias[LATENT_CHANNELS:] -= 2 * deviation.log()
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= deviation[None, :, None, None]
