"""A diffusers SD 1 folder as one file with the names of the first Stable Diffusion code, as communities share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch import Tensor

_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def save_single_file(folder: Path, file: Path) -> Path:
    """Write the folder's weights to `file`, and return it."""
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    num_layers = pipe.unet.config.layers_per_block
    attended = ["Attn" in kind for kind in pipe.unet.config.up_block_types]
    weights = {
        **_named("model.diffusion_model.", pipe.unet.state_dict(), lambda name: unet_name(name, num_layers, attended)),
        **_named(
            "first_stage_model.",
            pipe.vae.state_dict(),
            lambda name: vae_name(name, len(pipe.vae.config.up_block_types)),
        ),
        **_named("cond_stage_model.transformer.", pipe.text_encoder.state_dict(), text_name),
    }
    save_file(weights, file)
    return file


def _named(prefix: str, state: Mapping[str, Tensor], rename: Callable[[str], str]) -> dict[str, Tensor]:
    return {prefix + rename(name): weight.contiguous().clone() for name, weight in state.items()}


def unet_name(name: str, num_layers: int, attended: list[bool]) -> str:
    """Return the UNet's first name for a weight."""
    for ours, theirs in _UNET_ENDS.items():
        if name.startswith(ours + "."):
            return name.replace(ours, theirs, 1)
    if found := re.match(r"down_blocks\.(\d+)\.downsamplers\.0\.conv\.(.*)", name):
        return f"input_blocks.{(int(found[1]) + 1) * (num_layers + 1)}.0.op.{found[2]}"
    if found := re.match(r"up_blocks\.(\d+)\.upsamplers\.0\.conv\.(.*)", name):
        block = int(found[1])
        return f"output_blocks.{(block + 1) * (num_layers + 1) - 1}.{1 + attended[block]}.conv.{found[2]}"
    if found := re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.*)", name):
        place = 2 * int(found[2]) if found[1] == "resnets" else 1
        return f"middle_block.{place}.{_rest(found[1], found[3])}"
    found = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.*)", name)
    assert found, name
    place = int(found[2]) * (num_layers + 1) + int(found[4]) + (found[1] == "down")
    kind = "input" if found[1] == "down" else "output"
    return f"{kind}_blocks.{place}.{int(found[3] == 'attentions')}.{_rest(found[3], found[5])}"


def _rest(kind: str, rest: str) -> str:
    return _replaced(rest, _UNET_RESNET) if kind == "resnets" else rest


def _replaced(name: str, names: Mapping[str, str]) -> str:
    found = next((ours for ours in names if name.startswith(ours + ".")), None)
    return name if found is None else names[found] + name[len(found) :]


def vae_name(name: str, num_blocks: int) -> str:
    """Return the autoencoder's first name for a weight; its blocks upward were counted from the other end."""
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{num_blocks - 1 - int(found[1])}.block", name)
    name = re.sub(
        r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{num_blocks - 1 - int(found[1])}.upsample", name
    )
    name = re.sub(r"mid_block\.resnets\.(\d+)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    before, mid, after = name.partition("mid_block.attentions.0.")
    return f"{before}mid.attn_1.{_replaced(after, _VAE_ATTENTION)}" if mid else name


def text_name(name: str) -> str:
    """Return the text encoder's first name for a weight."""
    return name if name.startswith("text_model.") else f"text_model.{name}"
