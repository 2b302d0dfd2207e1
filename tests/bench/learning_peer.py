"""The peer: training by Diffusion-DPO in a loop as plain as that of diffusers' example, with 150 steps of 16 pairs.

The example itself (research_projects/diffusion_dpo/train_diffusion_dpo.py of diffusers 0.42) does not start here: it
imports wandb and torchvision at its top, and the torchvision wheel does not load beside torch for processors. As in it,
each step decodes the pictures of its rows, encodes them with the autoencoder and the captions with the text encoder,
and predicts with the LoRA and without; rows are drawn without weights, and the learning rate stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import Tensor
from torch.nn import functional

from engine.learn.preferences import PreferenceRow
from engine.learn.training import LearningConfig
from engine.starter import WEIGHTS
from tests.bench.learning_pictures import opened

PEER_CONFIG = LearningConfig(steps=150, pairs=16, rate=3e-4, beta=300.0, rank=16)


class Peer:
    """Stock diffusers, with a LoRA that is trained."""

    def __init__(self, rows: Sequence[PreferenceRow], config: LearningConfig = PEER_CONFIG) -> None:
        self._rows, self._config = rows, config
        torch.manual_seed(config.seed)
        self._pipe: Any = StableDiffusionPipeline.from_pretrained(WEIGHTS, safety_checker=None)
        self._scheduler: Any = DDPMScheduler.from_config(self._pipe.scheduler.config)
        for part in (self._pipe.vae, self._pipe.text_encoder, self._pipe.unet):
            part.requires_grad_(False)
        lora = LoraConfig(
            r=config.rank,
            lora_alpha=config.rank,
            init_lora_weights="gaussian",
            target_modules=["to_k", "to_q", "to_v", "to_out.0"],
        )
        self._pipe.unet.add_adapter(lora)
        self._weights = [one for one in self._pipe.unet.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=config.rate, weight_decay=1e-2)

    def steps(self) -> Iterator[float]:
        """Train to the last step, and yield the loss of each."""
        order: list[int] = []
        for _ in range(self._config.steps):
            if len(order) < self._config.pairs:
                order = torch.randperm(len(self._rows)).tolist()
            drawn, order = order[: self._config.pairs], order[self._config.pairs :]
            yield self._step([self._rows[at] for at in drawn])

    def save(self, folder: Path) -> Path:
        """Write the LoRA as the example does, and return its file."""
        state = get_peft_model_state_dict(self._pipe.unet)
        StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=state)
        return folder / "pytorch_lora_weights.safetensors"

    def _step(self, rows: Sequence[PreferenceRow]) -> float:
        winners, losers = ([getattr(row.preference, side) for row in rows] for side in ("winner", "loser"))
        files = [row.read(sha256) for side in (winners, losers) for row, sha256 in zip(rows, side, strict=True)]
        with torch.no_grad():
            latents = self._pipe.vae.encode(_pixels(files)).latent_dist.sample() * self._pipe.vae.config.scaling_factor
            texts = self._embeds([row.preference.caption for row in rows])
        noise = torch.randn_like(latents).chunk(2)[0].repeat(2, 1, 1, 1)
        timesteps = torch.randint(0, self._scheduler.config.num_train_timesteps, (len(rows),)).repeat(2)
        noisy = self._scheduler.add_noise(latents, noise, timesteps)
        is_velocity = self._scheduler.config.prediction_type == "v_prediction"
        target = self._scheduler.get_velocity(latents, noise, timesteps) if is_velocity else noise
        gained = self._gained(noisy, timesteps, texts, target)
        self._pipe.unet.disable_adapters()
        with torch.no_grad():
            reference = self._gained(noisy, timesteps, texts, target)
        self._pipe.unet.enable_adapters()
        loss = -functional.logsigmoid(-0.5 * self._config.beta * (gained - reference)).mean()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return loss.item()

    def _embeds(self, captions: Sequence[str]) -> Tensor:
        tokenizer = self._pipe.tokenizer
        asked = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        tokens = tokenizer(list(captions), max_length=tokenizer.model_max_length, **asked)
        embeds: Tensor = self._pipe.text_encoder(tokens.input_ids)[0]
        return embeds.repeat(2, 1, 1)

    def _gained(self, noisy: Tensor, timesteps: Tensor, texts: Tensor, target: Tensor) -> Tensor:
        """Return how much larger the errors of winners are than those of losers."""
        predicted: Tensor = self._pipe.unet(noisy, timesteps, texts).sample
        winner, loser = (predicted - target).square().mean(dim=(1, 2, 3)).chunk(2)
        return winner - loser


def _pixels(files: Sequence[bytes]) -> Tensor:
    arrays = [np.asarray(opened(data), dtype=np.float32) / 127.5 - 1 for data in files]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)
