"""Declares `easel learn` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, Supervised, pause_from_text, settings
from easel.output import Output
from easel.process.signals import run_command

learn = typer.Typer(name="learn", help="Train adapters on what members prefer.", no_args_is_help=True)

Run = Annotated[Path, typer.Argument(help="Folder of a run of `easel learn train`.", exists=True, file_okay=False)]


@learn.command()
def train(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run; the same again goes on with it.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Folder of preferences in Pick-a-Pic's columns, such as `easel export pickapic` writes.",
            show_default="what members agreed to training with",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model to train for.", show_default="the default model")] = None,
    loss: Annotated[str, typer.Option(help="dpo, or kto, which judges each picture by itself.")] = "dpo",
    steps: Annotated[int, typer.Option(min=1, max=1_000_000, help="Optimizer steps.")] = 600,
    pairs: Annotated[int, typer.Option(min=1, max=4096, help="Preferences in each step.")] = 16,
    rate: Annotated[float, typer.Option(min=1e-8, max=1.0, help="The highest learning rate.")] = 3e-4,
    beta: Annotated[
        float, typer.Option(min=1.0, max=1e6, help="How close to stay to the model; the higher, the closer.")
    ] = 300.0,
    rank: Annotated[int, typer.Option(min=1, max=256, help="Rank of the LoRA.")] = 16,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of order, noise and first weights.")] = 0,
    weighs: Annotated[
        bool, typer.Option("--weigh", help="Let votes weigh less that contradict what the others say of the like.")
    ] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Train a LoRA on preferences. It can be interrupted; run it again to go on."""
    from easel.commands.learn import config_from_options, train

    config = config_from_options(loss=loss, steps=steps, pairs=pairs, rate=rate, beta=beta, rank=rank, seed=seed)
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(train(output, source, model, config, settings(), shown, weighs=weighs))


@learn.command()
def evaluate(
    run: Run,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Folder of preferences that the run learned from.",
            show_default="what members agreed to training with",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    prompts: Annotated[int, typer.Option(min=10, max=10_000, help="How many pictures to paint on each side.")] = 200,
    votes: Annotated[
        bool, typer.Option("--votes", help="Count how members answered the pairs of `easel learn blind` in /rank.")
    ] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Paint held-out prompts with the new adapter and without, and let a reward model of the same votes judge.

    With --votes, members have judged, without knowing which picture is which.
    """
    shown = Output(as_json=as_json, quiet=quiet)
    if votes and source is not None:
        raise typer.BadParameter("--votes counts what members answered, and takes no --from.")
    if votes:
        from easel.commands.learn_blind_votes import count_votes

        raise typer.Exit(run_command(count_votes(run, settings(), shown)))
    from easel.commands.learn_evaluate import evaluate_run

    raise typer.Exit(run_command(evaluate_run(run, source, prompts, settings(), shown)))


@learn.command()
def blind(
    run: Run,
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="How many pairs to paint.")] = 100,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Paint held-out prompts with the new adapter and without, for members to compare in /rank without knowing which.

    Count their answers with `easel learn evaluate --votes`.
    """
    from easel.commands.learn_blind import paint_pairs

    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(paint_pairs(run, pairs, settings(), shown)))


@learn.command()
def watch(
    folder: Annotated[Path, typer.Option("-o", "--output", help="Folder for the runs, one folder each.")],
    votes: Annotated[int, typer.Option(min=1, help="How many new votes a training needs.")] = 500,
    every: Annotated[
        timedelta, typer.Option(parser=pause_from_text, metavar="PAUSE", help="How often to look, such as 30m or 1h.")
    ] = timedelta(hours=1),
    steps: Annotated[int, typer.Option(min=1, max=1_000_000, help="Optimizer steps of a training.")] = 600,
    prompts: Annotated[int, typer.Option(min=10, max=10_000, help="Pictures to paint on each side to judge.")] = 200,
    pairs: Annotated[
        int, typer.Option(min=0, max=10_000, help="Pairs for members to compare in /rank before anybody is asked.")
    ] = 0,
    once: Annotated[bool, typer.Option("--once", help="End as soon as there is nothing to do.")] = False,
    supervised: Supervised = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Train when enough new votes came, judge, ask an administrator in Discord, and promote what they accept."""
    from easel.commands.learn_watch import WatchOptions, watch
    from easel.process.child import end_with_parent, report_ready

    options = WatchOptions(
        folder=folder,
        votes=votes,
        every=every,
        steps=steps,
        prompts=prompts,
        pairs=pairs,
        once=once,
        is_supervised=supervised,
    )
    shown, announce = Output(as_json=as_json, quiet=quiet), report_ready if supervised else lambda: None
    if supervised:
        end_with_parent()
    raise typer.Exit(run_command(watch(options, settings(), shown, announce)))


@learn.command()
def profiles(
    folder: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the runs; the same again goes on with them.")
    ],
    model: Annotated[str | None, typer.Option(help="Model to train for.", show_default="the default model")] = None,
    steps: Annotated[int, typer.Option(min=1, max=1_000_000, help="Optimizer steps of each.")] = 200,
    pairs: Annotated[int, typer.Option(min=1, max=4096, help="Preferences in each step.")] = 16,
    rate: Annotated[float, typer.Option(min=1e-8, max=1.0, help="The highest learning rate.")] = 3e-4,
    beta: Annotated[
        float, typer.Option(min=1.0, max=1e6, help="How close to stay to the model; the higher, the closer.")
    ] = 300.0,
    rank: Annotated[int, typer.Option(min=1, max=256, help="Rank of the LoRAs.")] = 8,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Train the styles of members who want one of their own, for --p, from their own votes."""
    from easel.commands.learn import config_from_options
    from easel.commands.learn_profiles import train_profiles

    config = config_from_options(loss="dpo", steps=steps, pairs=pairs, rate=rate, beta=beta, rank=rank)
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(train_profiles(folder, model, config, settings(), shown))


@learn.command()
def promote(
    run: Run,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also if it was not shown to be better.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Make a run's adapter the style of the community, which --stylize scales."""
    from easel.commands.learn_promote import promote_run

    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(promote_run(run, settings(), shown, anyway=anyway)))


@learn.command()
def rollback(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Take out the adapter that was promoted last; the one before it is the style again."""
    from easel.commands.learn_promote import roll_back_last

    raise typer.Exit(run_command(roll_back_last(settings(), Output(as_json=as_json, quiet=quiet))))


@learn.command("list")
def show(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """List the adapters that were trained on members' votes, and which must be trained anew."""
    from easel.commands.learn_list import show

    run_command(show(settings(), Output(as_json=as_json, quiet=quiet)))
