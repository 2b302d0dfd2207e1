"""What the prompt language is told of models agrees with what the painter does with them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.contract.edits import Edit
from engine.contract.errors import ModelUnknown, RequestError
from engine.contract.jobs import JobSpec, Operation
from engine.contract.painting import PaintRequest
from engine.models.prompt_limits import limits_from_registry, read_limits
from engine.models.registry.registry import Registry, read_registry, registry_from_data
from engine.painter.sampling.params import params_from_request
from engine.prompt import PromptErrors, check_supported, format_errors, parse
from tests.engine.painter.checkpoints import save_lora, save_sd1, save_sdxl

REGISTRY = read_registry()
LIMITS = limits_from_registry(REGISTRY, None)
# A square and a lying picture of any multiple, and trained sizes: all of them, and those within bounds.
SHAPED = registry_from_data(
    {
        "models": {
            "plain": {"family": "sdxl", "folder": "x"},
            "lying": {"family": "sd1", "folder": "x", "defaults": {"width": 768, "height": 512}},
            "pixart": {"family": "pixart", "folder": "x", "defaults": {"width": 256, "height": 256}},
            "sana": {"family": "sana", "folder": "x", "abilities": {"min_side": 768, "max_side": 1280}},
            "square": {"family": "sana", "folder": "x", "abilities": {"min_side": 1024, "max_side": 1024}},
        }
    },
    Path("models.toml"),
)
SHAPED_LIMITS = limits_from_registry(SHAPED, None)
NO_ONE = UUID(int=0)

flags = st.one_of(
    st.builds("--ar {}:{}".format, st.integers(1, 30), st.integers(1, 30)),
    st.builds("--steps {}".format, st.integers(1, 150)),
    st.builds("--cfg {}".format, st.integers(0, 30)),
    st.sampled_from(["--quality 0.5", "--quality 2", "--quality 4", "--draft", "--sameseed 3", "--stop 40"]),
    st.sampled_from(["--sampler euler", "--sampler lcm", "--sampler unipc", "--model starter", "--seed 7", "--no red"]),
)


def test_models_whose_adapters_read_pictures_are_known() -> None:
    """Those for styles and characters read no other pictures."""
    data = {
        "models": {"one": {"family": "sd1", "folder": "x"}, "two": {"family": "sdxl", "folder": "x"}},
        "ip_adapters": {
            "look": {"family": "sd1", "file": "x.safetensors", "image_encoder": "x"},
            "style": {"family": "sdxl", "file": "x.safetensors", "image_encoder": "x", "use": "style"},
        },
    }
    limits = limits_from_registry(registry_from_data(data, Path("models.toml")), None)
    assert {one.name: one.reads_pictures for one in limits.models} == {"one": True, "two": False}


@given(st.lists(flags, max_size=4, unique_by=lambda flag: flag.split()[0]))
def test_what_is_accepted_can_be_painted(chosen: list[str]) -> None:
    """A prompt that the shipped model's limits let through is never refused by the painter afterwards."""
    specs = parse(" ".join(["a red circle", *chosen]), limits=LIMITS)
    if not isinstance(specs, PromptErrors):
        assert refusal_of(specs[0], REGISTRY) is None, specs[0].prompt


@given(st.lists(flags, max_size=4, unique_by=lambda flag: flag.split()[0]), st.sampled_from(Operation))
@example(["--lora gone"], Operation.IMAGINE)
@example(["--lora ink"], Operation.IMAGINE)
@example(["--lora ink:0.5 --model eight"], Operation.IMAGINE)
@example(["--model gone"], Operation.VARY)
@example(["--model words"], Operation.VARY)
@example(["--model words"], Operation.IMAGINE)
@example(["--model words --sampler lcm --quality 2"], Operation.IMAGINE)
@example(["--model words --sampler lcm --steps 100 --draft"], Operation.IMAGINE)
@example(["--model pictures"], Operation.IMAGINE)
@example(["--model pictures --ar 2:1"], Operation.VARY)
def test_a_press_is_refused_exactly_where_the_painter_would_refuse_it(chosen: list[str], operation: Operation) -> None:
    """A spec that was accepted under another models file, asked for again under this one."""
    specs = parse(" ".join(["a red circle", *chosen]))
    if not isinstance(specs, PromptErrors):
        assert (refusal_at_press(operation, specs[0]) is None) == (refusal_of(specs[0], CHANGED, operation) is None)


def refusal_at_press(operation: Operation, spec: JobSpec) -> RequestError | None:
    """Return what the bot says against a job of an old spec; None where it would queue it."""
    try:
        check_supported(operation, spec, CHANGED_LIMITS)
    except RequestError as error:
        return error
    return None


CHANGED = registry_from_data(
    {
        "models": {
            "starter": {
                "family": "sd1",
                "folder": "x",
                "abilities": {"samplers": ["dpmpp-2m", "euler"], "max_steps": 40},
            },
            "eight": {"family": "sd1", "folder": "x", "speed": {"precision": "fp8"}},
            "words": {"family": "sdxl", "folder": "x", "abilities": {"operations": ["imagine"]}},
            "pictures": {"family": "sdxl", "folder": "x", "abilities": {"operations": ["vary"]}},
        },
        "adapters": {"ink": {"file": "ink.safetensors", "family": "sd1"}},
    },
    Path("models.toml"),
)
CHANGED_LIMITS = limits_from_registry(CHANGED, None)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(list(SHAPED.models)))
def test_the_shapes_that_are_accepted_are_those_that_are_painted(width: int, height: int, model: str) -> None:
    """Whatever sizes a model has: what is let through is painted, what is refused could not have been."""
    flags = f"--ar {width}:{height} --model {model}"
    told = parse(f"a red circle {flags}", limits=SHAPED_LIMITS)
    wanted = parse(f"a red circle {flags}")
    if not isinstance(wanted, PromptErrors):
        assert isinstance(told, PromptErrors) == (refusal_of(wanted[0], SHAPED) is not None)


@pytest.mark.parametrize(("model", "ar", "suggested"), [("pixart", "9:1", "4:1"), ("sana", "1:9", "3:5")])
def test_a_shape_that_a_model_was_not_trained_on_is_told_with_the_nearest(model: str, ar: str, suggested: str) -> None:
    """The suggestion itself is let through."""
    told = parse(f"a red circle --model {model} --ar {ar}", limits=SHAPED_LIMITS)
    assert isinstance(told, PromptErrors) and str(told.errors[0].suggestion) == f"Try --ar {suggested}."
    assert not isinstance(parse(f"a red circle --model {model} --ar {suggested}", limits=SHAPED_LIMITS), PromptErrors)


def refusal_of(spec: JobSpec, registry: Registry, operation: Operation = Operation.IMAGINE) -> RequestError | None:
    """Return what the painter says against a job; None where it would paint it."""
    source = b"a picture" if operation is Operation.VARY else None
    try:
        request = PaintRequest(
            job_id=NO_ONE, member_id=NO_ONE, operation=operation, spec=spec, seed=0, source=source,
            edit=None if source is None else Edit(),
        )  # fmt: skip
        params_from_request(request, registry)
    except RequestError as error:
        return error
    return None


@pytest.mark.parametrize("flag", ["--sref random", "--model nobody", "--ar 10:1", "--lora nobody"])
def test_what_cannot_be_done_is_refused_at_once(flag: str) -> None:
    """A member hears it before anything is queued, not by getting something else."""
    assert isinstance(parse(f"a red circle {flag}", limits=LIMITS), PromptErrors)


@pytest.mark.parametrize(
    "flag",
    ["--quality 0.5", "--draft", "--sameseed 3", "--stop 40", "--sampler euler", "--chaos 50", "--tile", "--weird 9"],
)
def test_what_the_painter_can_do_is_let_through(flag: str) -> None:
    """Every ability of the model's family is a parameter that members may give."""
    assert not isinstance(parse(f"a red circle {flag}", limits=LIMITS), PromptErrors)


async def test_adapter_of_another_base_is_refused_under_its_name(tmp_path: Path) -> None:
    """What the files' headers say follows the model that the prompt names; a model that is not here says nothing."""
    save_sd1(tmp_path / "sd1")
    save_lora(tmp_path / "ink.safetensors", tmp_path / "sd1", seed=1)
    save_lora(tmp_path / "big.safetensors", save_sdxl(tmp_path / "sdxl"), seed=2)
    (tmp_path / "models.toml").write_text(TWO_ADAPTERS)
    limits = await read_limits(tmp_path / "models.toml", None)
    assert not isinstance(parse("a cat --lora ink", limits=limits), PromptErrors)
    assert not isinstance(parse("a cat --lora big --model away", limits=limits), PromptErrors)
    refused = parse("a cat --lora ink:0.5 big:0.7", limits=limits)
    assert isinstance(refused, PromptErrors)
    line, carets, sentence = format_errors(refused).splitlines()
    assert line[carets.index("^") : carets.rindex("^") + 1] == "big"
    assert sentence.startswith("big does not fit tiny: unet.") and sentence.endswith("use one that fits: ink.")


TWO_ADAPTERS = """
[models.tiny]
family = "sd1"
folder = "sd1"
[models.away]
family = "sd1"
folder = "nowhere"
[models.unnamable]
family = "sd1"
hub = "no such/id at/the hub"
[adapters.ink]
file = "ink.safetensors"
family = "sd1"
[adapters.big]
file = "big.safetensors"
family = "sd1"
"""


def test_unknown_default_model_is_refused() -> None:
    """An EASEL_MODEL that is not registered is met at the start."""
    with pytest.raises(ModelUnknown):
        limits_from_registry(REGISTRY, "nobody")
