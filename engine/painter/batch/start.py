"""From a request to its rows: texts embedded, sampler set up, first latents drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from engine.contract.errors import SettingUnsupported
from engine.contract.painting import PaintRequest
from engine.models.files.saved_scheduler import SavedScheduler, supported_samplers
from engine.painter.batch.rows import Row
from engine.painter.operations import OPERATIONS
from engine.painter.operations.control import control_picture
from engine.painter.operations.operation import Start, inputs_without_mask
from engine.painter.operations.source import open_source
from engine.painter.pipeline.motion import TRAINED_BETAS
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import Conditioning
from engine.painter.sampling.interpolation import conditioning_between, conditioning_on_way
from engine.painter.sampling.params import SamplingParams, seed_of_slot
from engine.painter.sampling.references import Reference
from engine.painter.sampling.steering import Steering
from engine.painter.sampling.trajectory import Trajectory, scheduler_for, start_index
from engine.painter.sampling.variety import away_from_mean, draw_text_noise


def start_rows(request: PaintRequest, params: SamplingParams, model: LoadedModel) -> tuple[Row, ...]:
    """Return one row for each picture, tile or film, ready for its first step; the model then has the request's
    adapters set, and its ControlNet and motion adapter loaded.

    Raises: SettingUnsupported for a sampler that the scheduler in the model's files does not support.
    """
    given = {**params.model.scheduler.overrides, **(TRAINED_BETAS if params.film and params.film.adapter else {})}
    _check_sampler(params, model)
    model.set_adapters(params.loras)
    if params.film is not None:
        model.check_film(params.film)
    control = control_picture(request, params, model)
    steering = _steering(params, model)
    scheduler = scheduler_for(params.sampler, model.scheduler_config, given, is_flow=model.is_flow)
    model.timesteps(scheduler, params.steps, params.width, params.height)
    # A film by a model that reads its picture starts from noise, however near to the picture it is to stay.
    strength = None if model.reads_stills else params.strength
    first = start_index(strength, params.steps, scheduler.order, is_flow=model.is_flow)
    conditioning = conditioning_of(request, params, model)
    num_rows = params.num_rows(request.num_pictures)
    generators = [torch.Generator().manual_seed(seed_of_slot(request, slot)) for slot in range(num_rows)]
    trajectory = Trajectory(scheduler, generators, first, params.stop, model.is_flow)
    unmasked = inputs_without_mask(params, model)
    start_pictures = OPERATIONS[request.operation].start
    assert start_pictures is not None
    starts = start_pictures(request, params, model, trajectory)
    return tuple(
        Row(
            slot=slot,
            conditioning=_conditioning_of_slot(_with_still(conditioning, start), params, slot, num_rows),
            trajectory=trajectory,
            index=0 if start.mosaic else slot,
            guidance_until=params.model.speed.guidance_until,
            latents=start.latents,
            kept=start.kept,
            text_noise=None
            if params.is_interpolated
            else draw_text_noise(params.chaos, request.seed + slot, conditioning.embeds),
            control=control,
            steering=steering,
            is_tiled=params.is_tiled,
            mosaic=start.mosaic,
            inputs=unmasked if start.inputs is None else start.inputs,
            film=params.film,
        )
        for slot, start in enumerate(starts)
    )


def _with_still(conditioning: Conditioning, start: Start) -> Conditioning:
    """Return the conditioning, with the picture in place of the text for a model that reads one."""
    return conditioning if start.still is None else replace(conditioning, embeds=(start.still,), weights=(1.0,))


def _steering(params: SamplingParams, model: LoadedModel) -> Steering | None:
    """Return what CLIP steers the pictures of a request to, with the CLIP loaded; None without."""
    if params.clip is None:
        return None
    words = model.clip_words(params.clip, params.positive)
    return Steering(clip=params.clip, words=words, scale=params.clip_guidance)


def _conditioning_of_slot(conditioning: Conditioning, params: SamplingParams, slot: int, num_rows: int) -> Conditioning:
    return conditioning_between(conditioning, slot / max(1, num_rows - 1)) if params.is_interpolated else conditioning


def _check_sampler(params: SamplingParams, model: LoadedModel) -> None:
    config = model.scheduler_config
    saved = SavedScheduler(class_name=config.get("_class_name", ""), settings=config)
    known = supported_samplers(saved, params.model.abilities.samplers, params.model.scheduler.overrides)
    if saved.kind is not None and params.sampler not in known:
        raise SettingUnsupported(name="sampler", value=params.sampler, model=params.model.name, known=known)


def conditioning_of(request: PaintRequest, params: SamplingParams, model: LoadedModel) -> Conditioning:
    """Return the texts and references of the request as embeddings; they are encoded once for all its rows."""
    conditioning = _conditioning_on_way(params, model)
    if not params.references:
        return conditioning
    images = [
        (one.adapter, one.scale, [(open_source(request.images[at]), weight) for at, weight in _weighted(one)])
        for one in params.references
    ]
    return model.with_references(conditioning, params.ip_adapters, images)


def _weighted(reference: Reference) -> Iterator[tuple[int, float]]:
    return zip(reference.images, reference.weights, strict=True)


def _conditioning_on_way(params: SamplingParams, model: LoadedModel) -> Conditioning:
    """Return the texts of the request, or of the two results that it lies between in their shares."""
    if params.between is None:
        return _conditioning_of_texts(params, model)
    ends = (replace(params, positive=end.positive, negative=end.negative) for end in params.between.ends)
    one, other = (_conditioning_of_texts(end, model) for end in ends)
    return conditioning_on_way(one, other, params.between.share)


def _conditioning_of_texts(params: SamplingParams, model: LoadedModel) -> Conditioning:
    """Return the texts of the request as embeddings.

    Embeddings are not cached between requests: on the starter that ships, one CPU thread, encoding is 0.5 % of a grid,
    2.2 ms of 0.44 s (2026-11-24, `python -m tests.bench choices`).
    Negative parts are the text of the unconditional row. Without guidance there is no such row, and they have no
    effect. Measured: 2026-11-21, the shipped starter, 16 steps, guidance 4, `python -m engine.starter evaluate`: of
    39 pictures of uncoloured objects that show a colour, 3 still show it after `--no` as text, none as a row of
    weight -0.5 (2 and -1, normalised); the classifier sees the right shape in 98 % of 360 as text, in 93 % as a
    row. Text is used: it costs no quality, a row makes the forward half as large again, and it is what the stock
    pipelines' `negative_prompt` does.
    """
    embeds = tuple(away_from_mean(model.encode_prompt(part.text), params.weirdness) for part in params.positive)
    weights = tuple(part.weight for part in params.positive)
    if model.has_embedded_guidance:
        embeds = tuple(replace(one, guidance=params.guidance) for one in embeds)
        return Conditioning(embeds=embeds, weights=weights, unconditional=None, guidance=1.0)
    if params.guidance <= 1.0:
        return Conditioning(embeds=embeds, weights=weights, unconditional=None, guidance=1.0)
    unconditional = model.encode_negative(", ".join(part.text for part in params.negative))
    return Conditioning(embeds=embeds, weights=weights, unconditional=unconditional, guidance=params.guidance)
