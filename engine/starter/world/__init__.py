"""The world the starter model is taught: scenes with a known truth, their pictures and their captions.

It draws and names; it knows nothing of tensors or training.
"""

from engine.starter.world.captions import caption_from_scene
from engine.starter.world.painting import picture_from_scene
from engine.starter.world.phrasings import phrasing_from_scene
from engine.starter.world.scenes import Backdrop, Scene, SceneObject, scene_from_seed

__all__ = [
    "Backdrop",
    "Scene",
    "SceneObject",
    "caption_from_scene",
    "phrasing_from_scene",
    "picture_from_scene",
    "scene_from_seed",
    "training_text",
]


def training_text(scene: Scene, turn: int) -> str:
    """Return one text of a scene to train on: a caption for even turns, a phrasing of any word order for odd ones."""
    return phrasing_from_scene(scene, turn) if turn % 2 else caption_from_scene(scene, turn)
