"""The untrained parts of the starter: the sizes of its text encoder, denoiser, autoencoder and schedule.

`train_denoiser`, `train_vae` and `train_clip` train them.
"""

from __future__ import annotations

from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from engine.starter.tokenizer import MAX_TOKENS

LATENT_CHANNELS = 6
LATENT_SCALE = 8
TEXT_WIDTH = 128


def new_autoencoder() -> AutoencoderKL:
    """Return an autoencoder: pixels float32 [n, 3, h, w], -1 to 1, to and from latents float32 [n, 6, h/8, w/8].

    Its norms have one group: with more, flat pictures would lose their colour.
    """
    return AutoencoderKL(
        block_out_channels=(8, 16, 32, 96),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=LATENT_CHANNELS,
        layers_per_block=1,
        norm_num_groups=1,
        mid_block_add_attention=False,
        sample_size=128,
        scaling_factor=1.0,
    )


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Return a causal transformer with two layers: token ids int64 [n, 32] to hidden states float32 [n, 32, 128]."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def new_denoiser() -> UNet2DConditionModel:
    """Return a UNet: latents [n, 6, h/8, w/8] and hidden states [n, 32, 128] to velocity [n, 6, h/8, w/8], float32.

    For a picture of 128 x 128 pixels, the latents are 16 x 16, and cross-attention is at 8 x 8 and 4 x 4.
    """
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(32, 80, 128),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=(1, 5, 4),
        norm_num_groups=16,
    )


def new_scheduler() -> DPMSolverMultistepScheduler:
    """Return the schedule: 1,000 timesteps with beta linear from 1e-4 to 0.02, sampled by DPM-Solver++(2M).

    The denoiser predicts the velocity v = sqrt(a) e - sqrt(1 - a) x of noise e and latents x, where a is the product of
    1 - beta up to the timestep. The last one is almost pure noise: a = 4e-5. Sources: Ho et al. 2020 (DDPM), section 4,
    for beta; Salimans and Ho 2022 (progressive distillation) for v.
    """
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        algorithm_type="dpmsolver++",
        solver_order=2,
    )
