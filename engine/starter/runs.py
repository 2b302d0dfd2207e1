"""Training runs on disk: where shards, parts, checkpoints, logs and sample sheets of a run lie, and how one goes on.

ROOT/shards/NNNN/     rendered scenes and, beside them, their latents and tokens
ROOT/tokenizer, vae/  the parts that are trained first
ROOT/denoiser/        state.pt, log.jsonl, sheets/
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from rich.progress import Progress, track
from transformers import CLIPModel, CLIPTokenizer

from engine.starter.architecture import new_autoencoder, new_denoiser, new_scheduler, new_text_encoder
from engine.starter.examples import examples_by_side, tokens_from_captions
from engine.starter.sample import (
    Components,
    components_from_folder,
    pictures_from_prompts,
    prompt_from_caption,
    sheet_from_pictures,
)
from engine.starter.train_clip import CaptionedPictures, copy_text_tower, new_clip, save_clip, top1_accuracy, train_clip
from engine.starter.train_denoiser import TextConditionedDenoiser, Trainer, TrainingConfig
from engine.starter.train_vae import SquareCrops, normalise_latents, start_from_averages, train_autoencoder
from engine.starter.weights import record_weights

SAVE_EVERY = 100
SHEET_EVERY = 1000
SHEET_CAPTIONS = (
    "a red circle on a white background",
    "a blue star on a yellow background",
    "a green house on the left",
    "a yellow moon in the night sky",
    "a white boat on the sea",
    "a pink heart at the top on a black background",
    "a purple fish next to an orange triangle",
    "a red square left of a blue circle",
    "three yellow stars on a blue background",
    "a black tree at sunset",
    "a large orange sun on grass",
    "a brown mountain, sketch",
)


def train_denoiser(root: Path, config: TrainingConfig, start: Path | None = None) -> None:
    """Train to the end of `config` under `root`, going on from its checkpoint, or from the weights in `start`."""
    folder = root / "denoiser"
    (folder / "sheets").mkdir(parents=True, exist_ok=True)
    tokenizer = CLIPTokenizer.from_pretrained(root / "tokenizer")
    trainer = _open_trainer(folder, tokenizer, config, start)
    with Progress() as progress:
        bar = progress.add_task("denoiser", total=config.steps)
        while trainer.step < config.steps:
            losses = _train_to_checkpoint(root, trainer, lambda loss: progress.update(bar, completed=trainer.step))
            trainer.save(folder / "state.pt")
            _log_losses(folder, trainer.step, losses)
            if trainer.step % SHEET_EVERY == 0:
                _draw_sheet(root, tokenizer, trainer)


def _train_to_checkpoint(root: Path, trainer: Trainer, tell: Callable[[float], None]) -> list[float]:
    """Train to the next checkpoint on every shard prepared by now, so that shards may be prepared meanwhile."""
    losses = []
    for loss in trainer.steps(examples_by_side(root / "shards"), trainer.step + SAVE_EVERY):
        losses.append(loss)
        tell(loss)
    return losses


def _open_trainer(folder: Path, tokenizer: CLIPTokenizer, config: TrainingConfig, start: Path | None) -> Trainer:
    torch.manual_seed(config.seed)
    model = TextConditionedDenoiser(new_text_encoder(tokenizer), new_denoiser())
    if start is not None:
        components = components_from_folder(start)
        model = TextConditionedDenoiser(components.text_encoder, components.denoiser)
    trainer = Trainer(model, config, tokens_from_captions(tokenizer, [""])[0])
    if (folder / "state.pt").exists():
        trainer.load(folder / "state.pt")
    return trainer


def _log_losses(folder: Path, step: int, losses: list[float]) -> None:
    now = datetime.now(UTC).isoformat("T", "seconds")
    line = {"step": step, "loss": round(sum(losses) / len(losses), 5), "at": now}
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")


def averaged_components(root: Path, tokenizer: CLIPTokenizer, average: TextConditionedDenoiser) -> Components:
    """The parts of a run as they would be shipped: the running average, the autoencoder and the schedule."""
    return Components(
        tokenizer=tokenizer,
        text_encoder=average.text_encoder,
        denoiser=average.denoiser,
        autoencoder=AutoencoderKL.from_pretrained(root / "vae").eval(),
        schedule=new_scheduler(),
    )


def _draw_sheet(root: Path, tokenizer: CLIPTokenizer, trainer: Trainer) -> None:
    components = averaged_components(root, tokenizer, copy.deepcopy(trainer.average).cpu())
    prompts = [prompt_from_caption(caption) for caption in SHEET_CAPTIONS for _ in range(2)]
    pictures = pictures_from_prompts(components, prompts, list(range(len(prompts))))
    sheet = sheet_from_pictures(pictures, columns=8)
    sheet.save(root / "denoiser" / "sheets" / f"{trainer.step:06d}.png")


def components_of_run(root: Path) -> Components:
    """The averaged parts of the last checkpoint under `root`."""
    tokenizer = CLIPTokenizer.from_pretrained(root / "tokenizer")
    model = TextConditionedDenoiser(new_text_encoder(tokenizer), new_denoiser())
    model.load_state_dict(torch.load(root / "denoiser" / "state.pt", map_location="cpu")["average"])
    return averaged_components(root, tokenizer, model.eval())


def train_autoencoder_of_run(root: Path, *, steps: int, seed: int, rate: float, decoder_only: bool) -> None:
    """Train the autoencoder of `root` on its shards, or its decoder alone, and write it back."""
    torch.manual_seed(seed)
    crops = SquareCrops(sorted((root / "shards").glob("[0-9]*")))
    sample = crops.draw(384, 128, random.Random(seed))
    if decoder_only:
        model = AutoencoderKL.from_pretrained(root / "vae")
    else:
        model = new_autoencoder()
        start_from_averages(model, sample[:16])
    losses = train_autoencoder(model, crops, steps=steps, rate=rate, decoder_only=decoder_only)
    for step, loss in enumerate(track(losses, "autoencoder", total=steps), start=1):
        if step % SAVE_EVERY == 0:
            _log_losses(root, step, [loss])
    if not decoder_only:
        normalise_latents(model, sample)
    model.save_pretrained(root / "vae")


def train_clip_of_run(root: Path, folder: Path, steps: int) -> float:
    """Train the CLIP model beside the pipeline in `folder`; its top-1 share among 50 on a shard kept aside."""
    components = components_from_folder(folder)
    model = new_clip(components.text_encoder)
    if (folder / "clip").exists():
        model.load_state_dict(CLIPModel.from_pretrained(folder / "clip").state_dict())
        copy_text_tower(components.text_encoder, model)
    kept_aside, *shards = sorted((root / "shards").glob("[0-9]*"), reverse=True)
    for _ in track(
        train_clip(model, components.tokenizer, CaptionedPictures(shards), steps=steps), "matcher", total=steps
    ):
        pass
    save_clip(model, components.tokenizer, folder / "clip")
    record_weights(folder)
    return top1_accuracy(model, components.tokenizer, CaptionedPictures([kept_aside]))
