"""Converts the names of weights in the layouts of adapters and models to one form.

This is the name of the module in diffusers, joined by underscores as in kohya: `down_blocks_0_attentions_0_proj_in`.
Sources: `lora_conversion_utils` and `state_dict_utils` for adapters, `single_file_utils` for models, diffusers 0.42.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Shape = tuple[int, ...]
Modules = Mapping[str, Shape]

# The parts of a model that an adapter can change: the prefix of their names, and their diffusers folder.
_PARTS = (
    (re.compile(r"^(?:unet\.|lora_unet_)"), "unet"),
    (re.compile(r"^(?:transformer\.|diffusion_model\.|lora_transformer_)"), "transformer"),
    (re.compile(r"^(?:text_encoder_2\.|lora_te2_)"), "text_encoder_2"),
    (re.compile(r"^(?:text_encoder\.|lora_te1?_)"), "text_encoder"),
)
PARTS = tuple(part for _, part in _PARTS)

_LORA_SUFFIX = re.compile(
    r"(?:\.lora_[AB]|\.lora_(?:down|up)|[._]lora\.(?:down|up)|\.lora_linear_layer\.(?:down|up))\.weight$"
)
_IS_DOWN = re.compile(r"(?:A|down)\.weight$")
# Attention layers in the attention processors of older diffusers releases.
_OLD_LORA_SUFFIX = re.compile(r"_lora\.(?:down|up)\.weight$")
_OLD_TEXT_LAYERS = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}
_KOHYA = re.compile(r"^lora_unet_")
# Prefixes of names that can be those of the transformer's original code; kohya calls every denoiser a unet.
_LDM_OR_ORIGINAL = re.compile(r"^(?:lora_unet_|diffusion_model\.)")

# Prefixes of the parts in a single file.
_IN_FILES = (
    ("model.diffusion_model.", "unet"),
    ("cond_stage_model.transformer.", "text_encoder"),
    ("cond_stage_model.model.", "text_encoder"),
    ("conditioner.embedders.0.transformer.", "text_encoder"),
    ("conditioner.embedders.1.model.", "text_encoder_2"),
    ("text_encoders.clip_l.transformer.", "text_encoder"),
    ("text_encoders.clip_g.transformer.", "text_encoder_2"),
)
_LDM_ENDS = {
    "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2",
    "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
    "input_blocks_0_0": "conv_in",
    "out_0": "conv_norm_out",
    "out_2": "conv_out",
}
_LDM_LAYERS = {
    "in_layers_0": "norm1",
    "in_layers_2": "conv1",
    "emb_layers_1": "time_emb_proj",
    "out_layers_0": "norm2",
    "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}
_LDM_MIDDLE = {"0": "resnets_0", "1": "attentions_0", "2": "resnets_1"}
_OPENCLIP_ENDS = {
    "token_embedding": "embeddings_token_embedding",
    "positional_embedding": "embeddings_position_embedding",
    "ln_final": "final_layer_norm",
    "text_projection": "text_projection",
}
_OPENCLIP_LAYERS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn_out_proj": "self_attn_out_proj",
    "mlp_c_fc": "mlp_fc1",
    "mlp_c_proj": "mlp_fc2",
}


def is_lora(name: str) -> bool:
    """Return whether the tensor is one of the two matrices of a LoRA layer, in a known layout."""
    return _LORA_SUFFIX.search(name) is not None


def is_down(name: str) -> bool:
    """Return whether the LoRA tensor is the down matrix, which takes the layer's input."""
    return _IS_DOWN.search(name) is not None


def layer_of(name: str) -> str:
    """Return the layer that a LoRA tensor changes, as named in its file."""
    return _LORA_SUFFIX.sub("", name)


def part_and_module(name: str, base: Mapping[str, Modules]) -> tuple[str | None, str]:
    """Return the part and the module of a base model that a LoRA tensor changes; the part is None if it is unknown.

    Files for transformers often name no part, or use the names of the model's original code, which differ between
    models.
    """
    bare = _bare(name)
    named = ((part, prefix.sub("", bare)) for prefix, part in _PARTS if prefix.search(bare))
    part, module = next(named, (None, bare))
    module = flat(module)
    if (denoiser := base.get("transformer")) and (part is None or _LDM_OR_ORIGINAL.search(bare)):
        return ("transformer" if module in denoiser else None), module
    if _KOHYA.search(bare) and "add_embedding_linear_1" in base.get("unet", ()):
        # Only the loader of SDXL converts the original names of blocks.
        return part, _from_ldm(module, _num_layers(base["unet"]))
    return part, module


def flat(module: str) -> str:
    """Return a module's name in kohya's form; some releases of transformers nest text models in `text_model`."""
    return module.replace(".", "_").removeprefix("text_model_")


def modules_of(tensors: Mapping[str, Shape]) -> Modules:
    """Return the shapes of the weights among the tensors of a part, by module."""
    return {flat(name.removesuffix(".weight")): shape for name, shape in tensors.items() if name.endswith(".weight")}


def parts_in_file(tensors: Mapping[str, Shape]) -> Mapping[str, Modules]:
    """Return the weights of a single file by part and module, without parts whose names are unknown."""
    parts: dict[str, Modules] = {}
    for prefix, part in _IN_FILES:
        inside = {name.removeprefix(prefix): shape for name, shape in tensors.items() if name.startswith(prefix)}
        modules = _unet(inside) if part == "unet" else _openclip(inside) or modules_of(inside)
        if modules:
            parts[part] = modules
    return parts


def _bare(name: str) -> str:
    """Return a LoRA tensor's module with its prefix; older diffusers releases put LoRAs in attention processors."""
    module = layer_of(name).replace(".processor.", ".")
    if not _OLD_LORA_SUFFIX.search(name):
        return module
    block, dot, layer = module.rpartition(".")
    if block.endswith("self_attn"):
        return block + dot + _OLD_TEXT_LAYERS.get(layer, layer)
    return module + (".0" if layer == "to_out" else "")


def _unet(tensors: Mapping[str, Shape]) -> Modules:
    """Return a UNet's modules; none for transformers, whose names differ between models."""
    modules = modules_of(tensors)
    ends = (re.fullmatch(r"input_blocks_(\d+)_0_op", module) for module in modules)
    num_layers = min((int(end[1]) - 1 for end in ends if end), default=2)
    is_unet = "input_blocks_0_0" in modules
    return {_from_ldm(module, num_layers): shape for module, shape in modules.items()} if is_unet else {}


def _num_layers(unet: Modules) -> int:
    """Return how many layers each down block of a UNet has."""
    return sum(re.fullmatch(r"down_blocks_0_resnets_\d+_conv1", module) is not None for module in unet)


def _from_ldm(module: str, num_layers: int) -> str:
    """Return the diffusers name of a UNet module named as in the original Stable Diffusion code, or the same name."""
    if found := re.fullmatch(r"middle_block_([012])_(.+)", module):
        return f"mid_block_{_LDM_MIDDLE[found[1]]}_{_LDM_LAYERS.get(found[2], found[2])}"
    found = re.fullmatch(r"(input|output)_blocks_(\d+)_([012])_(.+)", module)
    if found is None or module in _LDM_ENDS:
        return _LDM_ENDS.get(module, module)
    way = "down" if found[1] == "input" else "up"
    block, layer = divmod(int(found[2]) - (way == "down"), num_layers + 1)
    if found[4] in ("op", "conv"):
        return f"{way}_blocks_{block}_{way}samplers_0_conv"
    kind = "resnets" if found[3] == "0" else "attentions"
    return f"{way}_blocks_{block}_{kind}_{layer}_{_LDM_LAYERS.get(found[4], found[4])}"


def _openclip(tensors: Mapping[str, Shape]) -> Modules:
    """Return the modules of a text encoder in OpenCLIP's layout; none for others."""
    is_openclip = any(name.startswith("transformer.resblocks.") for name in tensors)
    return dict(pair for name, shape in tensors.items() for pair in _from_openclip(name, shape)) if is_openclip else {}


def _from_openclip(name: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    module = flat(name.removesuffix(".weight"))
    if module in _OPENCLIP_ENDS:
        yield _OPENCLIP_ENDS[module], shape[::-1] if module == "text_projection" else shape
    elif found := re.fullmatch(r"transformer_resblocks_(\d+)_(.+)", module):
        layer = f"encoder_layers_{found[1]}"
        if found[2] == "attn_in_proj_weight":
            yield from ((f"{layer}_self_attn_{one}_proj", (shape[0] // 3, *shape[1:])) for one in "qkv")
        elif found[2] in _OPENCLIP_LAYERS:
            yield f"{layer}_{_OPENCLIP_LAYERS[found[2]]}", shape
