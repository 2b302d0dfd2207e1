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


def test_a_part_that_the_configuration_leaves_out_is_not_missed() -> None:
    """Stable Diffusion 3 without T5, as one of its releases is."""
    without = tuple(part for part in PARTS["sd3"] if part != "text_encoder_3")
    assert problem_with("sd3", without, SD3[:-1]) is None
