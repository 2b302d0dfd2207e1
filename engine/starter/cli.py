"""The commands that train and evaluate the starter; each takes its folder, none reads Easel's settings.

Their order: render, learn-words, train-autoencoder, encode, train, ship, match; then train-judge and evaluate. A
denoiser of another architecture needs trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Make and measure the starter model.")

Root = Annotated[Path, typer.Option(help="Where shards, parts and checkpoints of the run lie.")]


@app.command()
def render(root: Root, first: int = 0, shards: int = 8, scenes: int = 4000) -> None:
    """Render shards of scenes: 4000 pictures each, about 5 seconds."""
    from engine.starter.world.shards import write_shard

    for number in range(first, first + shards):
        typer.echo(write_shard(root / "shards", number, scenes))


@app.command()
def learn_words(root: Root, scenes: int = 12_000) -> None:
    """Train the tokenizer on four texts of each of the first scenes."""
    from engine.starter.tokenizer import tokenizer_from_captions
    from engine.starter.world import scene_from_seed, training_text

    captions = (training_text(scene_from_seed(seed), turn) for seed in range(scenes) for turn in range(4))
    tokenizer_from_captions(captions).save_pretrained(root / "tokenizer")


@app.command()
def train_autoencoder(
    root: Root, steps: int = 900, seed: int = 0, rate: float = 1.5e-3, decoder_only: bool = False
) -> None:
    """Train the autoencoder, or only the decoder of an existing one."""
    from engine.starter.runs import train_autoencoder_of_run

    train_autoencoder_of_run(root, steps=steps, seed=seed, rate=rate, decoder_only=decoder_only)


@app.command()
def encode(root: Root) -> None:
    """Write the latents and tokens of every rendered shard."""
    from diffusers import AutoencoderKL
    from transformers import CLIPTokenizer

    from engine.starter.examples import write_examples

    autoencoder = AutoencoderKL.from_pretrained(root / "vae").eval()
    tokenizer = CLIPTokenizer.from_pretrained(root / "tokenizer")
    for shard in sorted((root / "shards").glob("[0-9]*")):
        typer.echo(write_examples(shard, autoencoder, tokenizer))


@app.command()
def train(
    root: Root,
    steps: int = 8000,
    batch: int = 32,
    rate: float = 2e-3,
    seed: int = 0,
    fixed_text: Annotated[bool, typer.Option(help="Leave the text encoder, and so the CLIP model, as it is.")] = False,
    start: Annotated[Path | None, typer.Option("--from", help="A pipeline folder to start from.")] = None,
) -> None:
    """Train the denoiser and its text encoder; an interrupted run resumes from its checkpoint."""
    from engine.starter.runs import train_denoiser
    from engine.starter.train_denoiser import TrainingConfig

    config = TrainingConfig(steps=steps, batch=batch, rate=rate, seed=seed, fixed_text=fixed_text)
    train_denoiser(root, config, start)


@app.command()
def teach_words(root: Root, folder: Path | None = None, steps: int = 900, rate: float = 1e-3, seed: int = 0) -> None:
    """Train the text encoder of a pipeline folder on other orders of words, and write it under the root."""
    from rich.progress import track

    from engine.starter.sample import components_from_folder
    from engine.starter.train_text import square_scenes, train_text
    from engine.starter.weights import WEIGHTS

    components = components_from_folder(folder or WEIGHTS)
    scenes = square_scenes(sorted((root / "shards").glob("[0-9]*")))
    for _ in track(train_text(components, scenes, steps=steps, rate=rate, seed=seed), "words", total=steps):
        pass
    components.text_encoder.save_pretrained(root / "text_encoder")


@app.command()
def ship(root: Root, folder: Path | None = None) -> None:
    """Write the average of the last checkpoint as a pipeline folder, with its hashes."""
    from engine.starter.package import save_components
    from engine.starter.runs import components_of_run
    from engine.starter.weights import WEIGHTS

    save_components(components_of_run(root), folder or WEIGHTS)


@app.command()
def trace(folder: Path | None = None) -> None:
    """Write the graph of a pipeline folder's U-Net for OpenVINO where the painter looks for it."""
    from engine.starter.trace import trace_unet
    from engine.starter.weights import WEIGHTS

    typer.echo(trace_unet((folder or WEIGHTS) / "unet"))


@app.command()
def match(root: Root, steps: int = 600, folder: Path | None = None) -> None:
    """Train the image tower against a pipeline folder's text encoder and write the CLIP model beside it."""
    from engine.starter.runs import train_clip_of_run
    from engine.starter.weights import WEIGHTS

    typer.echo(f"own caption first of 50: {train_clip_of_run(root, folder or WEIGHTS, steps):.1%}")


@app.command("train-judge")
def train_classifier(
    steps: int = 3000,
    seed: int = 100_000_000,
    rate: float = 2e-3,
    on: Annotated[bool, typer.Option("--on", help="Continue training the existing classifier.")] = False,
) -> None:
    """Train the classifier on fresh renders and print its accuracy on others."""
    import torch
    from rich.progress import track

    from engine.starter.classifier import (
        Classifier,
        classifier_accuracy,
        classifier_from_file,
        save_classifier,
        train_classifier,
    )

    torch.manual_seed(seed)
    classifier = classifier_from_file() if on else Classifier()
    for _ in track(train_classifier(classifier, first_seed=seed, steps=steps, rate=rate), total=steps):
        pass
    save_classifier(classifier)
    for name, score in classifier_accuracy(classifier_from_file(), first_seed=900_000_000, count=2000).items():
        typer.echo(f"{name}: {score:.1%}")


@app.command()
def evaluate(
    folder: Path | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    share: Annotated[float, typer.Option(help="Paint only this share of the pictures.")] = 1.0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the table here, too.")] = None,
) -> None:
    """Print the table of figures for a pipeline folder, at its default settings unless told."""
    from engine.starter.evaluate import evaluation_table
    from engine.starter.sample import GUIDANCE, STEPS
    from engine.starter.weights import WEIGHTS

    table = evaluation_table(folder or WEIGHTS, steps=steps or STEPS, guidance=guidance or GUIDANCE, share=share)
    typer.echo(table)
    if output is not None:
        output.write_text(table + "\n")


@app.command()
def contact_sheet(output: Path, folder: Path | None = None) -> None:
    """Paint 24 prompts, four pictures each, into one picture."""
    from engine.starter.sample import CONTACT_PROMPTS, components_from_folder, contact_sheet
    from engine.starter.weights import WEIGHTS

    contact_sheet(components_from_folder(folder or WEIGHTS), CONTACT_PROMPTS).save(output, quality=88)
