"""Which files of a repository make a pipeline, from names alone: names as real repositories have them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from engine.models.files.selection import parts_of, select_files

Index = dict[str, object]

SDXL: Index = {
    "_class_name": "StableDiffusionXLPipeline",
    "force_zeros_for_empty_prompt": True,
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "image_encoder": [None, None],
}
TOKENIZER = ("merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json")
SETTINGS = {
    "model_index.json",
    "scheduler/scheduler_config.json",
    *(f"{part}/config.json" for part in ("text_encoder", "text_encoder_2", "unet", "vae")),
    *(f"{part}/{name}" for part in ("tokenizer", "tokenizer_2") for name in TOKENIZER),
}
# After stabilityai/stable-diffusion-xl-base-1.0; sizes in MB.
SDXL_WEIGHTS = {
    "sd_xl_base_1.0.safetensors": 6938,
    "sd_xl_base_1.0_0.9vae.safetensors": 6938,
    "sd_xl_offset_example-lora_1.0.safetensors": 50,
    "text_encoder/flax_model.msgpack": 492,
    "text_encoder/model.fp16.safetensors": 246,
    "text_encoder/model.onnx": 493,
    "text_encoder/model.safetensors": 492,
    "text_encoder/openvino_model.bin": 492,
    "text_encoder_2/flax_model.msgpack": 2779,
    "text_encoder_2/model.fp16.safetensors": 1390,
    "text_encoder_2/model.onnx_data": 2779,
    "text_encoder_2/model.safetensors": 2779,
    "text_encoder_2/openvino_model.bin": 2779,
    "unet/diffusion_flax_model.msgpack": 10271,
    "unet/diffusion_pytorch_model.fp16.safetensors": 5136,
    "unet/diffusion_pytorch_model.safetensors": 10271,
    "unet/openvino_model.bin": 10271,
    "vae/diffusion_pytorch_model.fp16.safetensors": 167,
    "vae/diffusion_pytorch_model.safetensors": 335,
    "vae_1_0/diffusion_pytorch_model.fp16.safetensors": 167,
    "vae_1_0/diffusion_pytorch_model.safetensors": 335,
    "vae_decoder/openvino_model.bin": 198,
}
SDXL_PATHS = (
    *(*SDXL_WEIGHTS, *SETTINGS, ".gitattributes", "LICENSE.md", "README.md", "01.png", "unet/openvino_model.xml"),
    *("vae_1_0/config.json", "vae_decoder/config.json", "text_encoder/openvino_model.xml"),
)

UNET: Index = {"unet": ["diffusers", "UNet2DConditionModel"]}
TEXT: Index = {"text_encoder": ["transformers", "T5EncoderModel"]}


def weights(paths: Iterable[str]) -> set[str]:
    return {path for path in paths if ".safetensors" in path}


def inside(part: str, *names: str) -> list[str]:
    return ["model_index.json", f"{part}/config.json", *(f"{part}/{name}" for name in names)]


@pytest.mark.parametrize(("variant", "megabytes"), [(None, 13_877), ("fp16", 6_939)])
def test_sdxl_is_its_parts_in_one_copy(variant: str | None, megabytes: int) -> None:
    """14 or 7 GB of the 35 that its .safetensors files are; all settings, and nothing of other folders."""
    selection = select_files(SDXL, SDXL_PATHS, variant)
    assert selection.problems == ()
    assert set(selection.files) - weights(selection.files) == SETTINGS
    assert sum(SDXL_WEIGHTS.get(path, 0) for path in selection.files) == megabytes


def test_parts_are_what_the_index_names_and_something_is_painted_with() -> None:
    """Not what is null, no pair or no name, and not what nothing is painted with."""
    others = ("safety_checker", "feature_extractor", "image_encoder", "../vae", "")
    checker = {name: ["transformers", "X"] for name in others}
    index = {**UNET, **checker, "vae": [None, None], "sizes": [1, 2], "_class_name": ["pipeline", "P"], "on": True}
    assert parts_of(index) == {"unet"}
    assert parts_of([]) == parts_of(None) == frozenset()


def test_a_checker_is_neither_brought_nor_missed() -> None:
    """Stable Diffusion 1.5 names it, and many copies of it lack the folder."""
    index = {**UNET, "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]}
    paths = inside("unet", "diffusion_pytorch_model.safetensors")
    for more in ([], ["safety_checker/config.json", "safety_checker/model.safetensors"]):
        selection = select_files(index, [*paths, *more])
        assert (set(selection.files), selection.problems) == (set(paths), ())


def test_tokenizers_are_whole() -> None:
    """Models of sentencepiece, merges, and the templates of chats, which transformers 5 saves as files of their own.

    A config.json beside them, as some have it, does not make weights be missed.
    """
    names = {"spiece.model", "merges.txt", "config.json", "tokenizer_config.json", "chat_template.jinja"}
    paths = [f"tokenizer/{name}" for name in (*names, "README.md", "tokenizer.py")]
    chosen = select_files({"tokenizer": ["transformers", "T5Tokenizer"]}, paths)
    assert set(chosen.files) == {"model_index.json", *(f"tokenizer/{name}" for name in names)}
    assert chosen.problems == ()


def test_nested_folders_of_a_part_count() -> None:
    """Each has one copy of its own."""
    nested = ["unet/down/config.json", "unet/down/model.safetensors", "unet/down/model.fp16.safetensors"]
    paths = [*inside("unet", "diffusion_pytorch_model.safetensors"), *nested]
    assert set(select_files(UNET, paths).files) == set(paths) - {"unet/down/model.fp16.safetensors"}


def test_what_no_loader_looks_for_is_left_in_a_part_too() -> None:
    """Adapters, other moments of training, indexes of what is not brought."""
    kept = inside("unet", "diffusion_pytorch_model.safetensors")
    other = (
        *("pytorch_lora_weights.safetensors", "diffusion_pytorch_model.non_ema.safetensors", "old.safetensors"),
        *("diffusion_pytorch_model.bin.index.json", "diffusion_pytorch_model.safetensors.index.fp16.json"),
    )
    assert set(select_files(UNET, [*kept, *(f"unet/{name}" for name in other)]).files) == set(kept)


def shards(stem: str, num: int, form: str) -> list[str]:
    return [f"{stem}{form.format(f'-{number:05}-of-{num:05}')}.safetensors" for number in range(1, num + 1)]


PLAIN = [*shards("model", 2, "{}"), "model.safetensors.index.json"]
NEW = [*shards("model", 2, ".fp16{}"), "model.safetensors.index.fp16.json"]
OLD = [*shards("model", 2, "{}.fp16"), "model.safetensors.fp16.index.json"]


@pytest.mark.parametrize(
    ("there", "variant", "chosen"),
    [
        (PLAIN, None, PLAIN),
        (PLAIN + NEW, None, PLAIN),
        (PLAIN + OLD, None, PLAIN),
        (PLAIN + NEW, "fp16", NEW),
        (PLAIN + OLD, "fp16", OLD),
        (OLD[:2] + NEW[2:], "fp16", OLD[:2] + NEW[2:]),
        (OLD + NEW, "fp16", NEW),
        ([*PLAIN, "model.fp16.safetensors"], "fp16", ["model.fp16.safetensors"]),
        ([*PLAIN, "model.fp16.safetensors"], None, PLAIN),
        (["model.safetensors", *NEW], None, ["model.safetensors"]),
        (["model.safetensors", *PLAIN], None, ["model.safetensors"]),
        (["model.safetensors", *PLAIN[:2]], None, ["model.safetensors"]),
    ],
)
def test_shards_come_together_with_their_index(there: list[str], variant: str | None, chosen: list[str]) -> None:
    """Of plain weights and of variants, named as releases of both libraries have named them; whole files come first."""
    selection = select_files(TEXT, inside("text_encoder", *there), variant)
    assert (set(selection.files), selection.problems) == (set(inside("text_encoder", *chosen)), ())


def test_diffusers_takes_shards_before_a_whole_file() -> None:
    """The other way round than transformers: `ModelMixin.from_pretrained`, diffusers 0.42, looks for an index first."""
    sharded = [*shards("diffusion_pytorch_model", 3, "{}"), "diffusion_pytorch_model.safetensors.index.json"]
    selection = select_files(UNET, inside("unet", "diffusion_pytorch_model.safetensors", *sharded))
    assert set(selection.files) == set(inside("unet", *sharded))


def test_a_folder_without_the_variant_gives_its_plain_weights() -> None:
    """As diffusers does, where any folder has the variant."""
    paths = [path for path in SDXL_PATHS if path != "text_encoder_2/model.fp16.safetensors"]
    selection = select_files(SDXL, paths, "fp16")
    assert selection.problems == ()
    assert weights(selection.files) == {
        *("text_encoder/model.fp16.safetensors", "text_encoder_2/model.safetensors"),
        *("unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.fp16.safetensors"),
    }


@pytest.mark.parametrize(
    ("there", "variant", "told"),
    [
        (
            ["model.fp16.safetensors"],
            None,
            'no default weights for text_encoder, only variants: set variant = "fp16" in',
        ),
        ([*NEW, "model.ema.safetensors"], None, 'set variant = "ema" or "fp16" in the models file'),
        (["model.safetensors"], "fp16", 'has no variant "fp16": remove its variant in the models file'),
        (["model.safetensors", "model.bf16.safetensors"], "fp16", 'set variant = "bf16", or remove its variant'),
        ([], None, "has no weights for text_encoder"),
        (["other.safetensors"], None, "has no weights for text_encoder"),
        (PLAIN[:2], None, "has no weights for text_encoder"),
        (["pytorch_model.bin"], None, "no .safetensors file for text_encoder, only pickles (.bin, .ckpt, .pt)"),
        (PLAIN[1:], None, "has only 1 of 2 weight files in text_encoder"),
        (NEW[1:], "fp16", "has only 1 of 2 weight files in text_encoder"),
    ],
)
def test_what_a_part_lacks_is_told_with_what_to_do(there: list[str], variant: str | None, told: str) -> None:
    """Variants that would do are named; shards are counted."""
    problem, *_ = select_files(TEXT, inside("text_encoder", *there), variant).problems
    assert told in problem


def test_only_variants_that_every_folder_has_are_offered() -> None:
    """A variant of the UNet alone would leave the text encoder without weights."""
    unet = inside("unet", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.non_ema.safetensors")
    (problem,) = select_files({**UNET, **TEXT}, [*unet, *inside("text_encoder", "model.fp16.safetensors")]).problems
    assert problem.endswith('for text_encoder, unet, only variants: set variant = "fp16" in the models file')


def test_a_part_without_a_folder_is_told() -> None:
    """Such as the tokenizer of a copy that was broken off."""
    index = {**UNET, "tokenizer": ["transformers", "CLIPTokenizer"]}
    (problem,) = select_files(index, inside("unet", "diffusion_pytorch_model.safetensors")).problems
    assert problem == "has no folder tokenizer, which model_index.json lists"
