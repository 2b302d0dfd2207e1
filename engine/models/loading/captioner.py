"""Loads a captioner and says with it what a picture shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from engine.contract.add_ons import AddOn, errors_about
from engine.models.files.folder_hash import folder_hash
from engine.models.files.json_files import object_in
from engine.models.loading.errors import UnusableFiles, translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.registry.folders import ModelFolder

ARCHITECTURES = {"blip": "BLIP", "git": "GIT", "vision-encoder-decoder": "VisionEncoderDecoder"}
"""By the `model_type` in `config.json`: those that caption a picture without a question about it."""

_BEAMS = 12
_MAX_TOKENS = 30
# What the prompt language reads as more than words.
_SYNTAX = re.compile(r"[^\w\s.,;'’&/-]|--+|—")
# Of the model's vocabulary, the share that its tokenizer must know; published ones lack a few special tokens.
_LEAST_KNOWN = 0.9


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedCaptioner:
    """A captioner on its device, in float32, with what prepares its input and reads its output."""

    captioner: ModelFolder
    sha256: str
    model: Any
    image_processor: Any
    tokenizer: Any

    @torch.inference_mode()
    def captions(self, image: Image.Image, num_captions: int) -> tuple[str, ...]:
        """Return up to so many different captions of an image in RGB, the likeliest first.

        They are chosen of twelve beams: the likeliest, then in turn the one that shares fewest words with those chosen.
        Source: Li et al. 2022 (BLIP), section 5.2, for beam search; Carbonell and Goldstein 1998 (MMR) for the choice.

        Guarantees: the same image gives the same captions, none of which has more than words in the prompt language.

        Raises: ModelBroken, also for a captioner that writes nothing.
        """
        with errors_about(AddOn.CAPTIONER, self.captioner.name), translated_errors(self.captioner.name):
            inputs = self.image_processor(images=[image], return_tensors="pt").to(self.model.device)
            found = self.model.generate(
                pixel_values=inputs["pixel_values"],
                do_sample=False,
                num_beams=_BEAMS,
                num_return_sequences=_BEAMS,
                max_new_tokens=_MAX_TOKENS,
                no_repeat_ngram_size=3,
            )
            texts = map(_plain, self.tokenizer.batch_decode(found, skip_special_tokens=True))
            captions = [text for text in dict.fromkeys(texts) if text]
            if not captions:
                raise UnusableFiles("it wrote no caption for a picture")
        return _most_different(captions, num_captions)


def load_captioner(captioner: ModelFolder, device: torch.device) -> LoadedCaptioner:
    """Return the captioner on the device, its files checked against the recorded hash; code beside them is not run.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken.
    """
    with one_at_a_time, errors_about(AddOn.CAPTIONER, captioner.name), translated_errors(captioner.name):
        sha256 = folder_hash(captioner.folder, captioner.sha256)
        _check_architecture(captioner)
        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(captioner.folder, **local)
        image_processor = AutoImageProcessor.from_pretrained(captioner.folder, **local)
        model, info = AutoModelForImageTextToText.from_pretrained(
            captioner.folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **local
        )
        # transformers 5.23 fills what is missing with random numbers, and makes a tokenizer of nothing but special
        # tokens where its vocabulary is missing.
        if missing := sorted(info["missing_keys"]):
            raise UnusableFiles(f"its weights lack {len(missing)} tensors, such as {missing[0]}")
        if len(tokenizer) < model.config.get_text_config(decoder=True).vocab_size * _LEAST_KNOWN:
            raise UnusableFiles("its tokenizer lacks most of the vocabulary of its model")
        return LoadedCaptioner(
            captioner=captioner,
            sha256=sha256,
            model=model.eval().to(device),
            image_processor=image_processor,
            tokenizer=tokenizer,
        )


def _check_architecture(captioner: ModelFolder) -> None:
    path = captioner.folder / "config.json"
    kind = object_in(path).get("model_type") if path.is_file() else None
    if kind not in ARCHITECTURES:
        what = f'its architecture is "{kind}"' if kind else "its config.json is missing or names no model_type"
        raise UnusableFiles(f"{what}, and captioners are {', '.join(ARCHITECTURES.values())}")


def _plain(text: str) -> str:
    """Return the words of a caption, without what the prompt language would read as a parameter, a weight or a set."""
    return " ".join(_SYNTAX.sub(" ", text).split()).strip(" .,;-")


def _most_different(captions: Sequence[str], count: int) -> tuple[str, ...]:
    """Return so many captions, the first of them, then those that are least like any that was chosen before."""
    chosen, rest = list(captions[:1]), list(captions[1:])
    while rest and len(chosen) < count:
        best = min(rest, key=lambda text: max(_likeness(text, other) for other in chosen))
        rest.remove(best)
        chosen.append(best)
    return tuple(sorted(chosen, key=captions.index))


def _likeness(text: str, other: str) -> float:
    """Return the share of the words of both that both have (Jaccard index)."""
    words, others = set(text.split()), set(other.split())
    return len(words & others) / len(words | others)
