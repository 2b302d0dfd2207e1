"""`--clip-guidance` with the starter: pictures come nearer to their words, and others in the batch stay as they are."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from PIL import Image

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import ParameterValue
from engine.models.loading.clip import load_clip
from engine.models.registry.clips import GuidingClip
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.steering import Steering, steered
from engine.painter.sampling.trajectory import Trajectory, scheduler_for
from engine.starter import WEIGHTS
from engine.starter.classifier import classifier_from_file, classify
from tests.engine.painter.requests import Pixels, all_painted, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB

# Colour and shape, as the classifier says them.
WANTED = (("red", "heart"), ("blue", "heart"), ("green", "tree"), ("yellow", "star"))
SAMPLERS = ("euler", "euler-ancestral", "heun", "dpmpp-2m-sde", "ddim", "unipc", "lcm")
# Euler ancestral paints with no model that predicts the picture.
SAMPLED = {*product(SAMPLERS, ("epsilon", "v_prediction", "sample"))} - {("euler-ancestral", "sample")}


def similarity(prompt: str, pictures: list[Pixels]) -> float:
    """Return the mean cosine of the pictures and the words by the starter's CLIP."""
    clip = load_clip("starter", WEIGHTS / "clip", torch.device("cpu"))
    (words,) = clip.embed_texts([prompt])
    return float(torch.cat([clip.embed_image(Image.fromarray(one)) for one in pictures]).matmul(words).mean())


async def test_pictures_come_nearer_to_their_words_and_show_them_as_often_or_more() -> None:
    """Without other guidance, which leaves room for it; by the CLIP that steers, and by a classifier that does not."""
    asked = [
        paint_request(f"a {colour} {shape}", seed=100 * number, pictures=4, cfg=1.0, steps=5, parameters=given)
        for given in (_guided(0), _guided(2.5))
        for number, (colour, shape) in enumerate(WANTED)
    ]
    async with create_painter(max_rows=64) as painter:
        grids = [pixels_of(result) for result in await all_painted(painter, asked)]
    near = [similarity(request.spec.prompt, grid) for request, grid in zip(asked, grids, strict=True)]
    plain, guided = sum(near[:4]), sum(near[4:])
    right = [_num_right(grids[at : at + 4]) for at in (0, 4)]
    print("similarity", plain / 4, guided / 4, "right of 16", right)
    assert guided > plain + 4 * 0.004 and right[1] >= right[0]


async def test_others_in_the_batch_stay_as_they_are_and_it_repaints() -> None:
    """The recipe names the CLIP; without steps left to steer, nothing is steered."""
    registry = read_registry()
    plain, other = (paint_request("a red circle", pictures=2, steps=5, parameters=_guided(at)) for at in (0, 4))
    async with create_painter(registry, max_rows=64) as painter:
        (alone,) = await all_painted(painter, [plain])
        beside, guided = await all_painted(painter, [plain, other])
        recipe = guided.pictures[1].recipe
        again = await painted(painter, request_from_recipe(recipe, registry))
    assert min(psnr(*pair) for pair in zip(pixels_of(alone), pixels_of(beside), strict=True)) > EQUAL_DB
    assert max(psnr(*pair) for pair in zip(pixels_of(alone), pixels_of(guided), strict=True)) < EQUAL_DB
    assert psnr(pixels_of(again)[1], pixels_of(guided)[1]) > EQUAL_DB
    assert recipe["clip"]["scale"] == 4 and len(recipe["clip"]["sha256"]) == 64


async def test_a_model_without_a_clip_refuses_it(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request(parameters=_guided(2)))


@pytest.mark.parametrize(("sampler", "prediction"), sorted(SAMPLED))
def test_every_sampler_sees_the_estimate_moved(sampler: str, prediction: str) -> None:
    """By as much as the guidance says, whatever the model predicts; looking ahead moves nothing on."""
    _check_moves(_trajectory(sampler, {"prediction_type": prediction, "_class_name": "DDIMScheduler"}))


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp-2m"])
def test_every_sampler_of_flows_sees_the_estimate_moved(sampler: str) -> None:
    _check_moves(_trajectory(sampler, {"_class_name": "FlowMatchEulerDiscreteScheduler"}, is_flow=True))


def _check_moves(trajectory: Trajectory) -> None:
    steering, gradient = _anything(), torch.full((1, 2, 4, 4), 3.0)
    latents = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(3)) * trajectory.first_sigma
    for _ in range(3):
        prediction = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(4))
        estimate, slope = trajectory.estimate(prediction, latents)
        moved = steered(prediction, latents, trajectory, steering, lambda *_: gradient)
        latents, seen = trajectory.step(moved, latents)
        by = seen - estimate
        assert by.std() < 1e-3 * abs(by.mean())
        assert by.mean().item() == pytest.approx(2.0 * 0.08 * min(1.0, abs(slope)), rel=1e-2)


def _trajectory(sampler: str, config: dict[str, str], *, is_flow: bool = False) -> Trajectory:
    scheduler = scheduler_for(sampler, config, is_flow=is_flow)
    scheduler.set_timesteps(6)
    return Trajectory(scheduler, [torch.Generator().manual_seed(seed) for seed in (1, 2)], is_flow=is_flow)


def _anything() -> Steering:
    return Steering(
        clip=GuidingClip(name="any", folder=WEIGHTS / "clip", sha256=None), words=torch.zeros(1, 4), scale=2.0
    )


def _guided(scale: float) -> dict[str, ParameterValue]:
    return {"clip-guidance": scale} if scale else {}


def _num_right(grids: list[list[Pixels]]) -> int:
    """Return how many pictures of four grids show the colour and the shape that were asked for."""
    shown = [Image.fromarray(picture) for grid in grids for picture in grid]
    verdicts = classify(classifier_from_file(), shown)
    wanted = [one for one in WANTED for _ in range(4)]
    return sum((one.colour, one.shape) == want for one, want in zip(verdicts, wanted, strict=True))
