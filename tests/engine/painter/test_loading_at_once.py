"""Networks that several threads load at once: libraries change all of torch while they build one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import accelerate
import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from engine.contract.add_ons import AddOn
from engine.models.loading.captioner import load_captioner
from engine.models.loading.classifier import load_classifier
from engine.models.loading.clip import load_clip
from engine.models.loading.device import Device
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.pipeline import load_pipeline
from engine.models.loading.scorer import load_scorer
from engine.models.loading.segmenter import load_segmenter
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Registry
from engine.painter.families import adapted
from engine.prompt import parse_attention
from engine.starter import WEIGHTS
from tests.engine.painter.captioners import save_captioner
from tests.engine.painter.classifiers import save_classifier
from tests.engine.painter.controls import control_net, save_control
from tests.engine.painter.scorers import save_scorer
from tests.engine.painter.segmenters import save_segmenter

CPU = Device(device=torch.device("cpu"), dtype=torch.float32)
FOLDERS = {
    AddOn.SEGMENTER: (save_segmenter, load_segmenter),
    AddOn.CAPTIONER: (save_captioner, load_captioner),
    AddOn.CLASSIFIER: (save_classifier, load_classifier),
    AddOn.SCORER: (save_scorer, load_scorer),
}


@contextmanager
def watched() -> Iterator[list[bool]]:
    """Yield, for each parameter that is registered meanwhile, whether another thread could build a network then."""
    could_build: list[bool] = []
    with ThreadPoolExecutor(1) as other:

        def look(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
            could_build.append(other.submit(_could_build).result())

        hook = register_module_parameter_registration_hook(look)
        try:
            yield could_build
        finally:
            hook.remove()


def _could_build() -> bool:
    is_free = one_at_a_time.acquire(blocking=False)
    if is_free:
        one_at_a_time.release()
    return is_free


def check_alone(load: Callable[[], object]) -> None:
    with watched() as could_build:
        load()
    assert could_build and not any(could_build)


def test_without_the_lock_one_thread_takes_the_weights_of_another() -> None:
    """What accelerate does for a network of one thread happens to those of all threads."""
    with accelerate.init_empty_weights(), ThreadPoolExecutor(1) as other:
        assert other.submit(lambda: nn.Linear(1, 1).weight.is_meta).result()


def test_a_model_and_its_clip_are_loaded_alone(registry: Registry) -> None:
    check_alone(partial(load_pipeline, registry.model(), CPU))
    check_alone(partial(load_clip, "starter", WEIGHTS / "clip", CPU.device))


def test_an_adapter_and_a_controlnet_are_loaded_alone(registry: Registry, tmp_path: Path) -> None:
    pipe, sha256 = load_pipeline(registry.model(), CPU)
    model = adapted(pipe, registry.model(), device=CPU.device, sha256=sha256, fragments_of=parse_attention)
    check_alone(partial(model.set_adapters, ((registry.adapters["ink"], 1.0),)))
    control = control_net("edges", save_control(tmp_path, registry.path.parent / "sd1", seed=1))
    check_alone(partial(model.load_control, control))


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_works_beside_models_is_loaded_alone(kind: AddOn, tmp_path: Path) -> None:
    save, load = FOLDERS[kind]
    save(tmp_path)
    folder = ModelFolder(kind=kind, name="tiny", folder=tmp_path, licence="", sha256=None)
    check_alone(partial(load, folder, CPU.device))
