"""Trainings in processes of their own: stopped, killed and without room, each goes on to the same adapter."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from safetensors import safe_open

from engine.contract.errors import OperationUnsupported, PainterLost, StorageFull
from engine.contract.training import PicturesUnsafe, TrainedAdapter, TrainingProgress, TrainingRequest
from engine.learn.adapter import facts_from_metadata
from engine.learn.process.launch import ProcessTrainer
from engine.learn.process.request import SubjectOrder, write_order
from engine.learn.subject_runs import SubjectRun, check_pictures, trainable_model
from engine.models.registry.registry import read_registry
from tests.engine.learn.subject_pictures import order_for, picture, save_tiny_registry
from tests.engine.painter.classifiers import save_classifier

STEPS = 30


@pytest.fixture
def trainer(tmp_path: Path) -> ProcessTrainer:
    return ProcessTrainer(folder=tmp_path / "training", registry=save_tiny_registry(tmp_path), steps=STEPS)


async def whole(trainer: ProcessTrainer, request: TrainingRequest) -> tuple[list[TrainingProgress], bytes]:
    """Return what a training tells, and its adapter."""
    told = [event async for event in trainer.train(request)]
    progress = [event for event in told if isinstance(event, TrainingProgress)]
    (trained,) = [event for event in told if isinstance(event, TrainedAdapter)]
    return progress, trained.file


async def until_step(trainer: ProcessTrainer, request: TrainingRequest, step: int, *, kill: bool) -> None:
    """Train to the step, and then leave it or kill the process."""
    async with aclosing(trainer.train(request)) as events:
        async for event in events:
            if isinstance(event, TrainingProgress) and event.done == step:
                if not kill:
                    return
                (pid,) = await asyncio.to_thread(_pids_in, trainer.folder / str(request.job_id))
                os.kill(pid, signal.SIGKILL)


def _pids_in(folder: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(int(path.parent.name))
    return found


async def test_a_training_that_is_stopped_or_killed_ends_with_the_same_adapter(trainer: ProcessTrainer) -> None:
    """And one that is asked for again is there at once; what is kept of it goes when it is dropped."""
    request = order_for()
    progress, adapter = await whole(trainer, request)
    assert [one.done for one in progress] == list(range(1, STEPS + 1)) and progress[-1].seconds_left == 0
    with safe_open(trainer.folder / str(request.job_id) / "adapter.safetensors", "pt") as file:
        facts = facts_from_metadata(file.metadata())
    assert (facts["model"], facts["subject"], facts["steps"]) == ("tiny", "zorkle ring", f"{STEPS}")

    stopped = replace(request, job_id=order_for().job_id)
    await until_step(trainer, stopped, 10, kill=False)
    left, again = await whole(trainer, stopped)
    assert 10 < left[0].done <= 13 and again == adapter

    killed = replace(request, job_id=order_for().job_id)
    with pytest.raises(PainterLost) as caught:
        await until_step(trainer, killed, 27, kill=True)
    assert caught.value.was_killed
    left, again = await whole(trainer, killed)
    assert left[0].done == 26 and again == adapter

    assert (await whole(trainer, request)) == ([], adapter)
    assert set(trainer.job_ids()) == {request.job_id, stopped.job_id, killed.job_id}
    for job_id in trainer.job_ids():
        await trainer.drop(job_id)
    assert trainer.job_ids() == () and list(trainer.folder.iterdir()) == []


def test_a_model_without_adapters_is_refused(trainer: ProcessTrainer) -> None:
    text = trainer.registry.read_text()
    trainer.registry.write_text(text + '\n[models.tiny.speed]\nprecision = "fp8"\n')
    with pytest.raises(OperationUnsupported) as caught:
        trainable_model(read_registry(trainer.registry), None)
    assert (caught.value.operation, caught.value.model) == ("train", "tiny")


def test_unsafe_pictures_are_not_learnt_from(trainer: ProcessTrainer, tmp_path: Path) -> None:
    """The registered classifier looks at them once, unless the operator has switched that off."""
    save_classifier(tmp_path / "checker")
    trainer.registry.write_text(f'{trainer.registry.read_text()}\n[classifiers.checker]\nfolder = "checker"\n')
    registry = read_registry(trainer.registry)

    def run(colour: str, *, classifies: bool = True) -> SubjectRun:
        folder, png = tmp_path / f"{colour}-{classifies}", io.BytesIO()
        Image.new("RGB", (64, 64), colour).save(png, "PNG")
        order = SubjectOrder(
            subject="", kind="", model=None, registry="", steps=1, seed=0, classifies=classifies
        )  # fmt: skip
        write_order(folder, order, [png.getvalue(), picture(20)])
        return SubjectRun(folder=folder, order=order, registry=registry, is_stopped=lambda: False)

    with pytest.raises(PicturesUnsafe) as refused:
        check_pictures(run("red"))
    assert refused.value.facts["number"] == 1
    check_pictures(run("red", classifies=False))
    check_pictures(safe := run("blue"))
    shutil.rmtree(tmp_path / "checker")
    check_pictures(safe)


async def test_a_disk_without_room_lets_it_wait(trainer: ProcessTrainer) -> None:
    """Before it begins; the folder is whole or not there."""
    trainer.folder.write_bytes(b"")
    with pytest.raises(StorageFull):
        await whole(trainer, order_for())
    assert json.dumps(trainer.folder.read_bytes().decode()) == '""'
