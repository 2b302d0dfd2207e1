"""What a single file contains, by names as published files have them."""

from __future__ import annotations

import pytest

from engine.models.files.contents import problem_with

SD1 = ("model.diffusion_model.out.2.weight", "first_stage_model.decoder.conv_out.weight",
       "cond_stage_model.transformer.text_model.final_layer_norm.weight")  # fmt: skip
SD2 = (*SD1[:2], "cond_stage_model.model.ln_final.weight")
SDXL = (*SD1[:2], "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight",
        "conditioner.embedders.1.model.ln_final.weight")  # fmt: skip
SD3 = ("model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight", "first_stage_model.decoder.conv_out.weight",
       *(f"text_encoders.{name}.transformer.weight" for name in ("clip_l", "clip_g", "t5xxl")))  # fmt: skip
FLUX_RELEASE = ("double_blocks.0.img_attn.proj.weight", "final_layer.linear.weight")
FLUX = (f"model.diffusion_model.{FLUX_RELEASE[0]}", "vae.decoder.conv_out.weight", SD3[2], SD3[4])
WHOLE = {"sd1": SD1, "sd2": SD2, "sdxl": SDXL, "sd3": SD3, "flux": FLUX}
SD_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
PARTS = {
    "sd1": SD_PARTS,
    "sd2": SD_PARTS,
    "sdxl": (*SD_PARTS, "text_encoder_2", "tokenizer_2"),
    "sd3": ("transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"),
    "flux": ("transformer", "vae", "text_encoder", "text_encoder_2"),
}


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("sd1", (*SD1[:2], "text_encoders.clip_l.transformer.text_model.final_layer_norm.weight")),
        ("sdxl", (*SD1[:2], *(f"text_encoders.{name}.transformer.text_model.x" for name in ("clip_l", "clip_g")))),
    ],
)
def test_text_encoders_under_the_names_of_another_family_are_not_missed(family: str, names: tuple[str, ...]) -> None:
    """diffusers finds them, and a file of Stable Diffusion 3 is told as that all the same."""
    assert problem_with(family, PARTS[family], names) is None
    assert "It is of family sd3" in (problem_with(family, PARTS[family], SD3) or "")


@pytest.mark.parametrize("family", list(WHOLE))
def test_a_whole_file_has_no_problem_and_each_part_is_missed(family: str) -> None:
    whole = WHOLE[family]
    assert problem_with(family, PARTS[family], whole) is None
    for number in range(len(whole)):
        problem = problem_with(family, PARTS[family], whole[:number] + whole[number + 1 :]) or ""
        assert problem.startswith("has no ") and " and " not in problem.partition(".")[0]


@pytest.mark.parametrize(
    ("family", "names", "problem"),
    [
        ("sd1", SD1[:1], "has no text encoder (text_encoder) and no VAE (vae). Register"),
        ("flux", FLUX_RELEASE,
         "has no text encoder (text_encoder) and no second text encoder (text_encoder_2) and no VAE (vae). Register"),
        ("sdxl", SDXL[1:], "has no U-Net (unet). Register"),
        ("sd1", SDXL, "has no text encoder (text_encoder). It is of family sdxl"),
        ("sdxl", SD2,
         "has no text encoder (text_encoder) and no second text encoder (text_encoder_2). It is of family sd1 or sd2"),
        ("flux", (*FLUX, "model.diffusion_model.double_blocks.0.img_attn.proj.scale_weight"), "has quantized weights"),
        ("flux", (*FLUX, "scaled_fp8"), "has quantized weights (its tensor scaled_fp8 scales others)"),
        ("flux", (*FLUX, "double_blocks.0.img_attn.qkv.weight.quant_map"), "has quantized weights"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_painted_with_is_told_why(family: str, names: tuple[str, ...], problem: str) -> None:
    assert (problem_with(family, PARTS[family], names) or "").startswith(problem)


LDM = ("input_blocks.0.0.weight", "middle_block.1.norm.weight", "output_blocks.1.0.in_layers.2.weight", "out.2.bias")
IN_DIFFUSERS = ("conv_in.weight", "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.weight", "mid_block.x")
LACKS_BOTH = "it lacks the text encoder (text_encoder) and the VAE (vae). Register a file that has all parts"
LACKS_UNET = "it lacks the U-Net (unet) and the VAE (vae). Register"
KOHYA = ("lora_unet_mid_block.alpha", "lora_unet_mid_block.lora_down.weight", "lora_unet_mid_block.lora_up.weight")


@pytest.mark.parametrize(
    ("family", "names", "problem"),
    [
        ("sd1", LDM, f"is the U-Net alone: {LACKS_BOTH}"),
        ("sd1", IN_DIFFUSERS, f"is the U-Net alone: {LACKS_BOTH}"),
        ("sdxl", LDM, "is the U-Net alone: it lacks the text encoder (text_encoder) and the second text encoder"),
        ("sd1", ("decoder.up.0.block.0.conv1.weight", "encoder.conv_in.weight", "quant_conv.bias"),
         "is the VAE alone: it lacks the text encoder (text_encoder) and the U-Net (unet). Register"),
        ("sd1", ("decoder.up_blocks.0.resnets.0.conv1.weight",), "is the VAE alone: it lacks the text encoder"),
        ("sd1", ("text_model.embeddings.token_embedding.weight",), f"is the text encoder alone: {LACKS_UNET}"),
        ("sd2", ("transformer.resblocks.0.ln_1.weight", "ln_final.bias"), f"is the text encoder alone: {LACKS_UNET}"),
        ("sd1", ("transformer.text_model.final_layer_norm.bias",), f"is the text encoder alone: {LACKS_UNET}"),
        ("flux", ("encoder.block.0.layer.0.SelfAttention.q.weight", "shared.weight"),
         "is the text encoder alone: it lacks the transformer (transformer) and the VAE (vae). Register"),
        ("flux", ("transformer_blocks.0.attn.to_q.weight", "x_embedder.weight"),
         "is the transformer alone: it lacks the text encoder (text_encoder) and the second text encoder"),
        ("sd1", KOHYA, "is an adapter (LoRA), not a model. Register it as [adapters.NAME]"),
        ("flux", ("double_blocks.0.processor.proj_lora1.down.weight",), "is an adapter (LoRA), not a model."),
        ("sd1", ("zero_convs.0.0.weight", *LDM), "is a ControlNet, which is not supported"),
        ("sd1", ("emb_params",), "is an embedding (textual inversion), which is not supported"),
        ("sd1", ("body.0.rdb1.conv1.weight", "conv_first.weight"), "is an upscaler, which is not supported"),
        ("sd1", ("odd",), "has no text encoder (text_encoder) and no U-Net (unet) and no VAE (vae). Register"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_whole_model_is_told_what_it_is(family: str, names: tuple[str, ...], problem: str) -> None:
    assert (problem_with(family, PARTS[family], names) or "").startswith(problem)


def test_a_part_that_the_configuration_leaves_out_is_not_missed() -> None:
    """Stable Diffusion 3 without T5, as one of its releases is."""
    without = tuple(part for part in PARTS["sd3"] if part != "text_encoder_3")
    assert problem_with("sd3", without, SD3[:-1]) is None
