"""The training of one subject in its folder: it can be ended at any moment, and the same call goes on with it.

FOLDER/request.json            what is to be learnt for which model
FOLDER/picture-0.png ...       the member's pictures
FOLDER/seen                    whether the registered classifier found nothing unsafe in them
FOLDER/kind-0.png ...          pictures of the kind, as the model paints them
FOLDER/checkpoint.safetensors  weights and optimizer after some step
FOLDER/adapter.safetensors     the LoRA, when the training is complete
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import torch
from PIL import Image
from safetensors import SafetensorError

from engine.contract.errors import NoRoom, OperationUnsupported, StorageFull
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.contract.painting import NUM_PICTURES, PaintedPictures, PaintRequest
from engine.contract.training import TRAINING_DISK, PicturesUnsafe, TrainingDiverged
from engine.learn.opening import open_to_train
from engine.learn.process.request import SubjectOrder
from engine.learn.subjects import SubjectConfig, SubjectDiverged, SubjectTrainer, encode_shown
from engine.models.loading.classifier import load_classifier
from engine.models.loading.device import Device, best_device
from engine.models.registry.ability_sets import ADAPTER_ABILITY
from engine.models.registry.registry import Model, Registry
from engine.painter.in_process import create_painter

SAVE_EVERY = 25
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FEWEST_OF_KIND, _MOST_OF_KIND = 8, 40

Report = Callable[[int, int, float | None], None]
"""Called after a step with its number, with how many there are, and with the seconds that the others take."""


@dataclass(frozen=True, kw_only=True)
class SubjectRun:
    """What a training needs: its folder, what is to be learnt in it, the models, and whether it is to end now."""

    folder: Path
    order: SubjectOrder
    registry: Registry
    is_stopped: Callable[[], bool]

    @property
    def adapter(self) -> Path:
        """The file of the finished adapter."""
        return self.folder / "adapter.safetensors"

    @property
    def pictures(self) -> Sequence[Path]:
        """The member's pictures."""
        return sorted(self.folder.glob("picture-*.png"))


def check_pictures(run: SubjectRun) -> None:
    """Let the registered classifier look at the member's pictures, once.

    Raises: PicturesUnsafe, WeightsMissing, WeightsMismatch, ModelBroken.
    """
    classifier, seen = run.registry.classifier, run.folder / "seen"
    if classifier is None or not run.order.classifies or seen.exists():
        return
    images = [Image.open(file).convert("RGB") for file in run.pictures]
    scores = load_classifier(classifier, best_device().device).scores(images)
    if number := sum(score > 0 for score in scores):
        raise PicturesUnsafe(number=number)
    seen.touch()


async def paint_kind(run: SubjectRun) -> bool:
    """Paint what the model takes for the kind, as far as it is not there yet; False if the run was stopped.

    Raises: what painting raises.
    """
    number = min(_MOST_OF_KIND, max(_FEWEST_OF_KIND, 2 * len(run.pictures)))
    missing = [at for at in range(0, number, NUM_PICTURES) if not _kind_file(run, at + NUM_PICTURES - 1).exists()]
    if not missing:
        return True
    async with create_painter(run.registry) as painter:
        for at in missing:
            if run.is_stopped():
                return False
            async with aclosing(painter.paint(_kind_request(run, at))) as events:
                async for event in events:
                    if isinstance(event, PaintedPictures):
                        _keep(run, at, [picture.png for picture in event.pictures])
    return True


def train_subject(run: SubjectRun, report: Report, device: Device | None = None) -> bool:
    """Train the adapter, or go on with it; False if the run was stopped, and can go on later.

    Raises: OperationUnsupported for a model that cannot use adapters, TrainingDiverged, NoRoom, OSError, and what
    loading a model raises.
    """
    model = trainable_model(run.registry, run.order.model)
    try:
        return _train(run, model, device or best_device(), report)
    except torch.OutOfMemoryError as error:
        raise NoRoom(model=model.name) from error
    except SubjectDiverged as error:
        raise TrainingDiverged(step=error.step) from error


def trainable_model(registry: Registry, name: str | None) -> Model:
    """Return the model.

    Raises: ModelUnknown, OperationUnsupported for one that cannot use adapters.
    """
    model = registry.model(name)
    if not model.prompt_abilities >= ADAPTER_ABILITY:
        raise OperationUnsupported(operation=Operation.TRAIN.value, model=model.name)
    return model


def _train(run: SubjectRun, model: Model, device: Device, report: Report) -> bool:
    trainer, facts = _trainer(run, model, device)
    checkpoint = run.folder / "checkpoint.safetensors"
    if checkpoint.exists():
        trainer.load(checkpoint)
    began, first = time.monotonic(), trainer.done
    for step in trainer.steps():
        each = (time.monotonic() - began) / (step.number - first)
        left = None if step.number - first < 2 else each * (trainer.config.steps - step.number)
        report(step.number, trainer.config.steps, left)
        is_stopped = run.is_stopped()
        if is_stopped or step.number % SAVE_EVERY == 0 or step.number == trainer.config.steps:
            with _room():
                trainer.save(checkpoint)
        if is_stopped:
            return False
    with _room():
        trainer.adapter.save(run.adapter, facts)
    return True


def _trainer(run: SubjectRun, model: Model, device: Device) -> tuple[SubjectTrainer, Mapping[str, str]]:
    loaded, denoiser = open_to_train(model, device)
    config = SubjectConfig(steps=run.order.steps, seed=run.order.seed)
    size = model.defaults.width, model.defaults.height
    kinds = sorted(run.folder.glob("kind-*.png"))
    shown = (
        encode_shown(loaded, [Image.open(file) for file in run.pictures], run.order.subject, size, config.seed),
        encode_shown(loaded, [Image.open(file) for file in kinds], run.order.kind, size, config.seed),
    )
    facts = {"model": model.name, "model_sha256": loaded.sha256, "subject": run.order.subject}
    facts |= {name: str(value) for name, value in asdict(config).items()}
    return SubjectTrainer(loaded, denoiser, shown, size, config), facts


def _kind_request(run: SubjectRun, at: int) -> PaintRequest:
    model = trainable_model(run.registry, run.order.model)
    spec = JobSpec(
        prompt=run.order.kind,
        parts=(Part(text=run.order.kind),),
        parameters={"model": model.name, "style": "raw"},
    )
    # Nobody's, and seen by nobody.
    return PaintRequest(
        job_id=new_id(), member_id=UUID(int=0), operation=Operation.IMAGINE, spec=spec, seed=run.order.seed + at
    )


def _kind_file(run: SubjectRun, at: int) -> Path:
    return run.folder / f"kind-{at:03}.png"


def _keep(run: SubjectRun, at: int, pngs: Sequence[bytes]) -> None:
    for slot, png in enumerate(pngs):
        partial = _kind_file(run, at + slot).with_suffix(".partial")
        with _room():
            partial.write_bytes(png)
            partial.replace(_kind_file(run, at + slot))


@contextmanager
def _room() -> Iterator[None]:
    """Raise StorageFull instead of what a full disk raises in this block: safetensors has an error of its own."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        if _is_full(error):
            raise StorageFull(place=TRAINING_DISK) from error
        raise


def _is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in _FULL or any(os.strerror(number) in str(error) for number in _FULL)
