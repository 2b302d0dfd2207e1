"""A small classifier, trained on renders with known labels, that says what a 128 x 128 picture of the world shows.

It is independent of the starter: it never saw a painted picture or the starter's CLIP.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from torch import nn

from engine.starter.world import Backdrop, Scene, picture_from_scene, scene_from_seed
from engine.starter.world.vocabulary import COLOURS, PLACES, SCENERIES, SHAPES, STYLES

SIDE = 128
WEIGHTS = Path(__file__).with_name("classifier.safetensors")
COLOUR_NAMES = tuple(COLOURS)
BACKDROPS = (
    *(Backdrop(kind="plain", colour=colour) for colour in COLOUR_NAMES),
    *(Backdrop(kind="gradient", colour=colour) for colour in COLOUR_NAMES[:8]),
    *(Backdrop(kind=kind) for kind in SCENERIES),
)
_PLACES = (*PLACES, None)
_HALVES = ((0, 0, 64, 128), (64, 0, 128, 128), (0, 0, 128, 64), (0, 64, 128, 128))
_HEADS = {
    "colours": len(SHAPES) * (len(COLOURS) + 1),
    "backdrop": len(BACKDROPS),
    "place": len(_PLACES),
    "count": 4,
    "style": len(STYLES),
}


@dataclass(frozen=True, kw_only=True)
class Classification:
    """The most likely label of each head; shape and colour are those of one object (see `shows_pair` for two)."""

    shape: str
    colour: str
    backdrop: Backdrop
    place: str | None
    count: int
    style: str


class Classifier(nn.Module):
    """Five convolutions over 128 x 128 pixels and one linear layer, split into a head per question."""

    def __init__(self) -> None:
        super().__init__()
        widths = ((3, 20, 5), (20, 40, 3), (40, 80, 3), (80, 112, 3))
        layers: list[nn.Module] = []
        for wide_in, wide_out, kernel in widths:
            layers += [nn.Conv2d(wide_in, wide_out, kernel, stride=2, padding=kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(wide_out), nn.ReLU()]
        layers += [nn.Conv2d(112, 112, 3, padding=1, bias=False), nn.BatchNorm2d(112), nn.ReLU()]
        layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(112 * 16, 320), nn.ReLU(), nn.Dropout(0.1)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(320, sum(_HEADS.values()))

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each head, float32 [n, classes]; `colours` is [n, shapes, colours + 1].

        pixels: float32 [n, 3, 128, 128], -1 to 1. The last colour means that the shape is absent.
        """
        parts = dict(zip(_HEADS, self.head(self.body(pixels)).split(list(_HEADS.values()), dim=1), strict=True))
        parts["colours"] = parts["colours"].view(len(pixels), len(SHAPES), -1)
        return parts


def labels_from_scene(scene: Scene) -> dict[str, torch.Tensor]:
    """Return each head's class, int64; `colours` is [shapes], where absent shapes have the last class."""
    kinds = dict(scene.kinds)
    colours = [COLOUR_NAMES.index(kinds[shape]) if shape in kinds else len(COLOURS) for shape in SHAPES]
    return {
        "colours": torch.tensor(colours),
        "backdrop": torch.tensor(BACKDROPS.index(scene.backdrop)),
        "place": torch.tensor(_PLACES.index(scene.place)),
        "count": torch.tensor(len(scene.objects) - 1),
        "style": torch.tensor(STYLES.index(scene.style)),
    }


def pixels_from_images(pictures: Sequence[Image.Image]) -> torch.Tensor:
    """Return pictures of one size as float32 [n, 3, height, width], -1 to 1."""
    levels = np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])
    return torch.from_numpy(levels).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def classify(classifier: Classifier, pictures: Sequence[Image.Image]) -> list[Classification]:
    """Return the classification of each picture, 128 x 128 pixels."""
    logits = classifier(pixels_from_images(pictures))
    return [_classification({name: values[row] for name, values in logits.items()}) for row in range(len(pictures))]


def _classification(logits: dict[str, torch.Tensor]) -> Classification:
    chances = logits["colours"].softmax(-1)
    likeliest = int(chances[:, -1].argmin())
    return Classification(
        shape=SHAPES[likeliest],
        colour=COLOUR_NAMES[int(chances[likeliest, :-1].argmax())],
        backdrop=BACKDROPS[int(logits["backdrop"].argmax())],
        place=_PLACES[int(logits["place"].argmax())],
        count=int(logits["count"].argmax()) + 1,
        style=STYLES[int(logits["style"].argmax())],
    )


def shows_pair(classifier: Classifier, picture: Image.Image, scene: Scene) -> bool:
    """Return whether the halves of the picture, left and right or top and bottom, show the scene's two objects.

    Each half is classified with the other one painted over with the predicted background, so that it holds one object.
    """
    (seen,) = classify(classifier, [picture])
    ground = picture_from_scene(replace(scene, objects=(), backdrop=seen.backdrop))
    classifications = classify(classifier, [_covered(picture, ground, half) for half in _HALVES])
    kinds = [(classification.shape, classification.colour) for classification in classifications]
    return set(scene.kinds) in (set(kinds[:2]), set(kinds[2:]))


def _covered(picture: Image.Image, ground: Image.Image, half: tuple[int, int, int, int]) -> Image.Image:
    alone = ground.copy()
    alone.paste(picture.crop(half), half)
    return alone


def classifier_from_file(file: Path = WEIGHTS) -> Classifier:
    """Return the trained classifier in evaluation mode, float32."""
    classifier = Classifier()
    classifier.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return classifier.eval()


def save_classifier(classifier: Classifier, file: Path = WEIGHTS) -> None:
    """Write the classifier's weights as float16."""
    state = classifier.state_dict()
    save_file({name: value.half() if value.is_floating_point() else value for name, value in state.items()}, file)


def blurred(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return the picture, in 60 % of calls blurred by a Gaussian of 0 to 1.6 pixels, as a decoder loses sharpness."""
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.6))) if rng.random() < 0.6 else picture


def train_classifier(
    classifier: Classifier, *, first_seed: int, steps: int, batch: int = 64, rate: float = 2e-3
) -> Iterator[float]:
    """Train on fresh renders, held-out pairs included, and yield the loss of each step.

    The loss is the sum of the heads' cross-entropies, that of the colours weighted by the number of shapes. AdamW with
    a one-cycle learning rate that peaks at `rate`.
    """
    rng = random.Random(first_seed)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=rate, weight_decay=1e-3)
    lr_scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    classifier.train()
    for step in range(steps):
        seeds = range(first_seed + step * batch, first_seed + (step + 1) * batch)
        scenes = [scene_from_seed(seed, held_out=None, side=(SIDE, SIDE)) for seed in seeds]
        pixels = pixels_from_images([blurred(picture_from_scene(scene), rng) for scene in scenes])
        loss = _loss(classifier(pixels + 0.04 * torch.randn_like(pixels)), scenes)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        lr_scheduler.step()
        yield loss.item()
    classifier.eval()


def _loss(logits: dict[str, torch.Tensor], scenes: Sequence[Scene]) -> torch.Tensor:
    truth = [labels_from_scene(scene) for scene in scenes]
    losses = []
    for name, values in logits.items():
        wanted = torch.stack([labels[name] for labels in truth])
        loss = nn.functional.cross_entropy(values.flatten(0, -2), wanted.flatten())
        losses.append(loss * (len(SHAPES) if name == "colours" else 1))
    return torch.stack(losses).sum()


def classifier_accuracy(classifier: Classifier, *, first_seed: int, count: int) -> dict[str, float]:
    """Return the accuracy of each head on `count` renders that were not trained on, 0 to 1."""
    scenes = [scene_from_seed(seed, held_out=None, side=(SIDE, SIDE)) for seed in range(first_seed, first_seed + count)]
    pairs = [(scene, classify(classifier, [picture_from_scene(scene)])[0]) for scene in scenes]
    ones = [(scene, said) for scene, said in pairs if len(scene.objects) == 1]
    twos = [scene for scene in scenes if scene.relation is not None]
    return {
        "two objects with their colours": _share(
            shows_pair(classifier, picture_from_scene(scene), scene) for scene in twos
        ),
        "shape of a single object": _share(scene.kinds[0][0] == said.shape for scene, said in ones),
        "colour of a single object": _share(scene.kinds[0][1] == said.colour for scene, said in ones),
        "background": _share(scene.backdrop == said.backdrop for scene, said in pairs),
        "position": _share(scene.place == said.place for scene, said in ones),
        "count": _share(len(scene.objects) == said.count for scene, said in pairs),
        "style": _share(scene.style == said.style for scene, said in pairs),
    }


def _share(hits: Iterator[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found)
