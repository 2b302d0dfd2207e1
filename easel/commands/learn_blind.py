"""`easel learn blind`: members compare an adapter with what there is in `/rank`, blind to which side it is on."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import typer

from bot.delivery.pair_picture import side_by_side
from bot.store.learning.blind_pairs import (
    NewBlindPair,
    PostedPrompt,
    may_be_shown,
    store_blind_pair,
    stream_sources,
)
from easel.commands.learn_blind_votes import NOT_ON_LOG, known_adapter
from easel.commands.learn_promote import adapter_of, facts_of
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Picture
from engine.contract.painting import PaintedPicture
from engine.feedback.exports.families import read_families
from engine.feedback.splits import Split, caption_from_spec, cluster_of_caption, split_of_cluster
from engine.learn.blind import TwoPaintings, paint_twice
from engine.logs import set_up_logging
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.prompt import render
from engine.settings import EngineSettings
from engine.store.database import AsyncConnection, open_database
from engine.store.objects import Objects, open_objects

_NO_PROMPT = (
    "There is no held-out prompt left to paint for /rank. One in ten prompts is held out, of those that members who "
    "agree to training have asked for in a server."
)
_HELD_OUT = (Split.VALIDATION, Split.TEST)
_SPLIT_SEED = 0
"""What `easel learn train` draws its splits with."""


async def paint_pairs(run: Path, num_pairs: int, settings: EngineSettings, output: Output) -> int:
    """Paint pairs for an adapter until it has so many more, and return the exit code.

    Run again, it paints prompts that have none.

    Raises: SettingsInvalid, AdapterMismatch, WeightsMissing, StoreUnavailable, and what painting raises.
    """
    set_up_logging(settings.log_format, process="learn", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    model, adapter, objects = (
        registry.model(facts_of(run)["model"]),
        adapter_of(run),
        open_objects(settings.storage_url),
    )
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        known = await known_adapter(database, run)
        if known is None:
            typer.echo(NOT_ON_LOG.format(run=run), err=True)
            return ExitCode.REQUEST
        async with database.begin(limit=None) as connection:
            sources = await _held_out(connection, known.id, num_pairs)
        if not sources:
            typer.echo(_NO_PROMPT, err=True)
            return ExitCode.FAILED
        waiting, stored = iter(sources), 0
        async for painted in paint_twice(registry, model, adapter, [spec_of(one.spec, model) for one in sources], 0):
            pair = await _pair_of(next(waiting), painted, objects)
            if may_be_shown(pair.old) and may_be_shown(pair.new):
                async with database.begin() as connection:
                    stored += await store_blind_pair(connection, known.id, pair)
    noun = "pair" if stored == 1 else "pairs"
    output.print_done(f"Members compare {stored} more {noun} in /rank now.", {"adapter": known.name, "pairs": stored})
    return ExitCode.DONE


def spec_of(asked: JobSpec, model: Model) -> JobSpec:
    """Return what a pair is painted from: the words, and the shape if it was asked of this model; nothing else."""
    is_same_model = asked.parameters.get("model", model.name) == model.name
    shape = {name: value for name, value in asked.parameters.items() if name == "ar" and is_same_model}
    words = JobSpec(prompt="", parts=asked.parts, parameters=shape)
    return replace(words, prompt=render(words), parameters={**shape, "model": model.name})


async def _held_out(connection: AsyncConnection, adapter_id: UUID, most: int) -> list[PostedPrompt]:
    """Return the newest prompts that no training has seen, one of each family."""
    families = await read_families(connection)
    found = dict[str, PostedPrompt]()
    async for source in stream_sources(connection, adapter_id):
        cluster = cluster_of_caption(caption_from_spec(source.spec))
        family = families.get(cluster, cluster)
        if split_of_cluster(family, _SPLIT_SEED) in _HELD_OUT:
            found.setdefault(family, source)
        if len(found) == most:
            break
    return list(found.values())


async def _pair_of(source: PostedPrompt, painted: TwoPaintings, objects: Objects) -> NewBlindPair:
    job_id = new_id()
    both = await side_by_side(painted.old.png, painted.new.png)
    return NewBlindPair(
        job_id=job_id,
        source=source,
        spec=painted.spec,
        seed=painted.seed,
        old=await _stored(job_id, 0, painted.old, objects),
        new=await _stored(job_id, 1, painted.new, objects),
        grid_key=await objects.put(both.data, f".{both.extension}"),
        grid_type=both.media_type,
    )


async def _stored(job_id: UUID, slot: int, painted: PaintedPicture, objects: Objects) -> Picture:
    return Picture(
        id=new_id(),
        job_id=job_id,
        slot=slot,
        object_key=await objects.put(painted.png, ".png"),
        width=painted.width,
        height=painted.height,
        seed=painted.seed,
        recipe=painted.recipe,
        unsafe_score=painted.unsafe_score,
    )
