"""The sampling parameters of a request, resolved and checked before any tensor exists; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.contract.edits import FAITHFUL, Box, Canvas
from engine.contract.errors import (
    OperationUnsupported,
    SettingUnsupported,
    SizeUnsupported,
)
from engine.contract.jobs import MAX_SEED, Operation, ParameterValue, Part
from engine.contract.painting import PaintRequest
from engine.models.registry.adapters import Adapter
from engine.models.registry.clips import GuidingClip
from engine.models.registry.controls import ControlNet
from engine.models.registry.families import MAX_GUIDANCE
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import Model, Registry
from engine.painter.sampling.additions import clip_of, control_of, loras_of, with_own_adapters
from engine.painter.sampling.between import Between, between_of, is_between, seed_between
from engine.painter.sampling.checks import bounded, check_known
from engine.painter.sampling.films import FilmParams, film_of
from engine.painter.sampling.parts import is_interpolated, joined_spec, weighed_parts
from engine.painter.sampling.references import Reference, are_start, references_of
from engine.painter.sampling.windows import window_on
from engine.prompt import (
    painted_size,
    size_for,
    spec_for_operation,
    steps_for,
)
from engine.prompt.parameters import MOST_PAINTED

MOST_CHAOS = 0.8
"""The chaos of `--chaos 100`: with more, the four become alike again, because they are no longer of the prompt.

Measured on the starter: 2026-11-29, the root mean square difference of two of the four, of six grids: 64 without, 72
with 0.25, 83 with 0.5, 114 with 0.75, 103 with 1.
"""

WORDLESS_WEIGHT = 2.4
"""The weight of pictures in a prompt without words, which has nothing else to paint from; a strength of 0.4.

Looked at on the starter: 2026-11-29, with 0.6 and more, what is painted has little to do with the pictures.
"""

FRAMES_BETWEEN = 3
"""The frames between two pictures of a film that goes from one to the other."""


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    """The parameters of one request, the same for all of its pictures.

    width, height: of what the model paints, in pixels: of the window where only a part of the canvas is painted.
    steps: sampler steps from noise, before `strength` and `stop` shorten them.
    guidance: guidance scale, at least 1; at 1 there is no unconditional row.
    positive: the prompt's parts, weights summing to 1.
    negative: the parts that guidance moves away from, weights positive, on the same scale.
    loras: adapters with their weights.
    control: the ControlNet that steers the pictures by the one in the prompt; None without.
    control_weight: of what the ControlNet adds, 0 to 2.
    clip: what steers the pictures to the words, by `clip_guidance`, 0 to 10; None without.
    is_joined: whether one of the positive parts is several of the prompt, in one text.
    canvas: the new picture, where a part of the source is kept or it is upscaled; else None. window: where on it the
        model paints; for an upscale, one tile of it.
    strength: how far what is painted may leave its source, over 0 to 1; None paints from noise.
    is_interpolated: whether the pictures lie between the two texts or pictures in the prompt, with frames between them.
    between: the way from one result to another that the pictures lie on; None for pictures of their own.
    is_filmed: whether what is to be seen after each step is kept.
    starts_from_images: whether the source is what the pictures in the prompt have in common.
    stop: share of the steps that is painted, over 0 to 1; below 1 the last denoised estimate becomes the picture.
    chaos: share of the texts' variance that is noise in the first steps, 0 to `MOST_CHAOS`.
    weirdness: by how much the distance of each token from the mean of its text grows, 0 to 3.
    best: how many pictures are painted to show the best four; 0 shows all. reward: file of what the community likes, by
        which they are chosen; None for how near they are to the words.
    is_tiled: whether the pictures go on at their own opposite edges.
    film: what kind of film the frames are of; None for pictures.
    references: what the model's IP-Adapters read. ip_adapters: all that it has, where it needs any.
    """

    model: Model
    width: int
    height: int
    steps: int
    guidance: float
    sampler: str
    positive: tuple[Part, ...]
    negative: tuple[Part, ...]
    loras: tuple[tuple[Adapter, float], ...]
    strength: float | None
    stop: float = 1.0
    chaos: float = 0.0
    weirdness: float = 0.0
    best: int = 0
    reward: Path | None = None
    is_tiled: bool = False
    canvas: Canvas | None = None
    window: Box | None = None
    is_joined: bool = False
    starts_from_images: bool = False
    control: ControlNet | None = None
    control_weight: float = 1.0
    clip: GuidingClip | None = None
    clip_guidance: float = 0.0
    is_interpolated: bool = False
    between: Between | None = None
    is_filmed: bool = False
    film: FilmParams | None = None
    references: tuple[Reference, ...] = ()
    ip_adapters: tuple[IPAdapter, ...] = ()

    @property
    def rows_each(self) -> int:
        """How many rows each picture but the last has: itself, and the frames between it and the next one."""
        return FRAMES_BETWEEN + 1 if self.is_interpolated else 1

    @property
    def uses_images(self) -> bool:
        """Whether the pictures are made from those in the prompt."""
        return self.starts_from_images or bool(self.references) or self.control is not None

    @property
    def additions(self) -> tuple[Adapter | ControlNet | GuidingClip | IPAdapter | MotionAdapter, ...]:
        """What is loaded beside the model's own weights."""
        single = (self.control, self.clip, self.film.adapter if self.film else None)
        return (*(adapter for adapter, _ in self.loras), *self.ip_adapters, *(one for one in single if one is not None))

    def num_rows(self, num_pictures: int) -> int:
        """Return how many rows that many pictures have."""
        return (num_pictures - 1) * self.rows_each + 1

    @property
    def is_choice(self) -> bool:
        """Whether more pictures are painted than are shown; films show all."""
        return self.best > 0 and not (self.is_interpolated or self.is_filmed)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of what the model paints."""
        return self.width, self.height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.pixels if self.canvas is None else (self.canvas.width, self.canvas.height)


def params_from_request(request: PaintRequest, registry: Registry) -> SamplingParams:
    """Return the parameters of a request, with its model's defaults for those it does not set.

    Raises: ModelUnknown, OperationUnsupported, SizeUnsupported, SettingUnsupported, SourceMismatch.
    """
    if request.operation is Operation.ANIMATE:
        request = replace(request, spec=spec_for_operation(request.operation, request.spec))
    spec = spec_for_operation(request.operation, request.spec) if _is_upscale(request) else request.spec
    asked = spec.parameters
    model = registry.model(_text(asked.get("model")))
    if request.operation not in model.abilities.operations:
        raise OperationUnsupported(operation=request.operation.value, model=model.name)
    sampler = _text(asked.get("sampler")) or model.defaults.sampler
    check_known(model, "sampler", sampler, model.abilities.samplers)
    canvas = None if request.edit is None else request.edit.canvas
    window = None if canvas is None else window_on(canvas, model, request.operation)
    width, height = size_of(asked.get("ar"), model) if window is None else (window.width, window.height)
    spec, is_joined = joined_spec(request, model)
    positive, negative = weighed_parts(spec)
    between = between_of(request, model)
    if between is not None:
        positive, negative, is_joined = between.positive, between.negative, between.is_joined
    film = film_of(request, model, registry)
    image_strength = _image_strength(asked, model, film, has_words=bool(request.spec.parts))
    references, control = references_of(request, model, registry), control_of(request, model, registry)
    starts_from_images = control is None and are_start(request, references)
    return SamplingParams(
        model=model,
        width=width,
        height=height,
        steps=_steps(asked, model),
        guidance=_guidance(asked, request, model),
        sampler=sampler,
        positive=positive,
        negative=negative,
        is_joined=is_joined,
        loras=loras_of(asked, model, with_own_adapters(registry, request.adapters)),
        strength=image_strength if starts_from_images else _strength(request, model),
        starts_from_images=starts_from_images,
        control=control,
        control_weight=bounded(model, "control-weight", asked.get("control-weight"), 1, 0, 2),
        clip=None if film else clip_of(request, model),
        clip_guidance=bounded(model, "clip-guidance", asked.get("clip-guidance"), 0, 0, 10),
        is_interpolated=is_interpolated(request),
        between=between,
        is_filmed=asked.get("video") is True and request.edit is None,
        stop=bounded(model, "stop", asked.get("stop"), 100, 1, 100) / 100,
        chaos=bounded(model, "chaos", asked.get("chaos"), 0, 0, 100) / 100 * MOST_CHAOS,
        weirdness=bounded(model, "weird", asked.get("weird"), 0, 0, 3000) / 1000,
        best=0 if request.edit else round(bounded(model, "best", asked.get("best"), 0, 5, MOST_PAINTED)),
        reward=None if (style := registry.style_of(model)) is None else style.reward,
        film=film,
        # A part of a picture ends at what is kept of it.
        is_tiled=asked.get("tile") is True and canvas is None,
        canvas=canvas,
        window=window,
        references=references,
        ip_adapters=registry.ip_adapters_of(model) if references else (),
    )


def _is_upscale(request: PaintRequest) -> bool:
    return request.operation is Operation.UPSCALE


def _guidance(asked: Mapping[str, ParameterValue], request: PaintRequest, model: Model) -> float:
    """Return the guidance scale; 1, which is none, for tiles of an upscaled picture where it is no input of the model.

    Guidance paints the whole prompt into every tile. Measured: 2026-11-29, the starter, 4x, looked at: a house in each
    tile with guidance 4 from strength 0.2 on, and none without it at 0.3.
    """
    guidance = max(1.0, bounded(model, "cfg", asked.get("cfg"), model.defaults.guidance, 0, MAX_GUIDANCE))
    return 1.0 if _is_upscale(request) and not model.family.has_embedded_guidance else guidance


def seed_of_slot(request: PaintRequest, slot: int) -> int:
    """Return the seed of a picture, 0 to 2**32 - 1: one for all if asked for, else seed + slot mod 2**32."""
    if is_interpolated(request) or request.operation is Operation.ANIMATE:
        return request.seed
    if is_between(request):
        return seed_between(request, slot)
    same = request.spec.parameters.get("sameseed")
    if isinstance(same, int):
        return same
    return (request.seed + slot) % (MAX_SEED + 1)


def _steps(asked: Mapping[str, ParameterValue], model: Model) -> int:
    """Return the steps of the request; quality and draft multiply them, and the sampler limits them."""
    bounded(model, "steps", asked.get("steps"), 1, 1, model.step_limits.maximum)
    bounded(model, "quality", asked.get("quality"), 1, 0.25, 4)
    return steps_for(asked, model.name, model.step_limits)


def _text(value: ParameterValue | None) -> str | None:
    return None if value is None else str(value)


def size_of(ratio: ParameterValue | None, model: Model) -> tuple[int, int]:
    """Return the width and height in pixels for a ratio such as "3:2"; the model's default size for None.

    Raises: SizeUnsupported.
    """
    if ratio is None:
        return model.defaults.width, model.defaults.height
    size = painted_size(str(ratio), model.size_limits)
    if size is None:
        width, height = size_for(str(ratio), side=model.size_limits.square, step=model.size_limits.multiple)
        raise SizeUnsupported(width=width, height=height, model=model.name)
    return size


def _strength(request: PaintRequest, model: Model) -> float | None:
    if request.edit is None:
        return None
    strength = model.defaults.outpaint_strength if request.edit.strength is None else request.edit.strength
    if 0 < strength <= 1 or (strength == FAITHFUL and _is_upscale(request)):
        return strength
    raise SettingUnsupported(name="strength", value=f"{strength:g}", model=model.name, within=("0", "1"))


def _image_strength(
    asked: Mapping[str, ParameterValue], model: Model, film: FilmParams | None, *, has_words: bool
) -> float:
    """Return how far a picture may leave those in its prompt: `--strength`, or else 1 - w / 4 for the weight w.

    Without `--strength`, the frames of a film may leave them as far as its motion says.
    """
    weight = bounded(model, "iw", asked.get("iw"), 1 if has_words else WORDLESS_WEIGHT, 0, 3)
    usual = 1 - weight / 4 if film is None else film.strength
    return bounded(model, "strength", asked.get("strength"), usual, 0.05, 1)
