"""The registry file: reading it, and every problem that it can have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.contract.errors import ModelUnknown, SettingsInvalid
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Registry, read_registry
from engine.models.registry.speed import Compilation, Precision, SpeedSettings

TWO = """
default = "small"
[models.small]
family = "sd1"
folder = "small"
licence = "CreativeML OpenRAIL-M"
sha256 = "abc"
[models.small.defaults]
steps = 12
[models.small.abilities]
samplers = ["euler", "dpmpp-2m"]
[models.large]
family = "sdxl"
hub = "someone/large"
revision = "main"
variant = "fp16"
[adapters.ink]
file = "ink.safetensors"
family = "sd1"
[adapters.paper]
file = "paper.safetensors"
family = "sd1"
model = "other"
"""


def read(folder: Path, text: str) -> Registry:
    (folder / "models.toml").write_text(text)
    return read_registry(folder / "models.toml")


def test_the_shipped_file_names_the_starter() -> None:
    registry = read_registry()
    assert registry.model().name == "starter"
    assert registry.model().source.folder is not None


def test_what_a_file_says_and_what_the_family_adds(tmp_path: Path) -> None:
    registry = read(tmp_path, TWO)
    small = registry.model()
    assert (small.name, small.source.folder, small.sha256) == ("small", tmp_path / "small", "abc")
    assert (small.defaults.steps, small.defaults.guidance) == (12, FAMILIES["sd1"].guidance)
    assert small.abilities.samplers == ("euler", "dpmpp-2m")
    assert (small.source.variant, registry.model("large").source.variant) == (None, "fp16")
    assert registry.model("large").source.hub == "someone/large"
    assert [adapter.name for adapter in registry.adapters_of(small)] == ["ink"]
    with pytest.raises(ModelUnknown):
        registry.model("huge")


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    faulty = """
        default = "nobody"
        colour = 3
        [models.a]
        family = "sd9"
        [models.b]
        family = "sd1"
        folder = "x"
        hub = "y"
        haste = 3
        [models.b.defaults]
        width = 100
        steps = "many"
        guidance = -1
        sampler = "brush"
        [models.b.abilities]
        operations = ["sing"]
        max_steps = 1.5
        [models.c]
        family = "sd1"
        file = "weights.ckpt"
        variant = "fp32"
        [models.c.scheduler]
        timestep_spacing = "wide"
        prediction_type = 3
        rescale_betas_zero_snr = "yes"
        shift = 2.0
        [models.d]
        family = "sd1"
        folder = "x"
        variant = "../fp8"
        [models.e]
        family = "flux"
        folder = "e"
        [models.e.scheduler]
        shift = 0
        prediction_type = "epsilon"
        [adapters.d]
        file = "d.pt"
        family = "sd1"
        [upscalers.u]
        file = "u.pth"
        scale = 4
    """
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path, faulty)
    told = "\n".join(refused.value.problems)
    wanted = (
        "default is 'nobody'", "'colour'", "sd9", "exactly one of", "'haste'", "1024, not 100", "steps must be",
        "guidance", "'brush'", "operations", "max_steps", "weights.ckpt", "not with file", "../fp8", "d.pt",
        "'wide'", "prediction_type must be a string", "must be true or false, not 'yes'", "unknown key 'shift'",
        "shift must be a number", "unknown key 'prediction_type'", "u.pth", "unknown key 'scale'",
    )  # fmt: skip
    assert [word for word in wanted if word not in told] == []


def test_how_forwards_are_run_is_chosen_for_each_model(tmp_path: Path) -> None:
    """By default torch compiles nothing, the weights keep their precision, and every step is guided."""
    table = '[models.b.speed]\ncompile = "graphs"\nprecision = "fp8"\nratios = ["3:2", "1:2"]\nguidance_until = 0.6\n'
    registry = read(
        tmp_path, f'[models.a]\nfamily = "sd1"\nfolder = "a"\n[models.b]\nfamily = "sd1"\nfolder = "b"\n{table}'
    )
    assert registry.model("a").speed == SpeedSettings(
        compile=Compilation.AUTO, precision=Precision.OWN, ratios=(), guidance_until=1.0
    )
    chosen = SpeedSettings(
        compile=Compilation.GRAPHS, precision=Precision.FP8, ratios=("3:2", "1:2"), guidance_until=0.6
    )
    assert registry.model("b").speed == chosen


@pytest.mark.parametrize(
    ("family", "line", "told"),
    [
        ("sd1", 'compile = "yes"', "unknown compile 'yes'. Available: auto, none, blocks, whole, graphs"),
        ("sd1", 'precision = "int4"', "unknown precision 'int4'. Available: own, half, fp8"),
        ("flux", 'precision = "half"', "precision half is not available for family flux"),
        ("sd1", 'ratios = ["3x2"]', 'ratios must be a list of ratios such as "3:2"'),
        ("sd1", 'ratios = "3:2"', "ratios must be a list"),
        ("sd1", 'ratios = ["90:1"]', "ratios contains 90:1, which is outside min_side and max_side"),
        ("sd1", "guidance_until = 0", "guidance_until must be a number from 0.01 to 1, not 0"),
        ("sd1", "guidance_until = 60", "guidance_until must be a number from 0.01 to 1, not 60"),
        ("sd1", "guidance_until = nan", "guidance_until must be a number"),
        ("flux", "guidance_until = 0.6", "guidance_until is not available for family flux. Remove it"),
        ("sd1", "fast = true", "unknown key 'fast'"),
        ("qwen-image", 'compile = "blocks"', "compile is not available for family qwen-image"),
    ],
)
def test_a_wrong_choice_of_speed_is_told(tmp_path: Path, family: str, line: str, told: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path, f'[models.a]\nfamily = "{family}"\nfolder = "a"\n[models.a.speed]\n{line}')
    assert told in str(refused.value.problems[0])


def test_what_is_set_about_a_scheduler_and_nothing_else_is_given_on(tmp_path: Path) -> None:
    text = TWO + '[models.small.scheduler]\ntimestep_spacing = "trailing"\nrescale_betas_zero_snr = false\n'
    registry = read(tmp_path, text)
    assert registry.model("small").scheduler.overrides == {
        "timestep_spacing": "trailing",
        "rescale_betas_zero_snr": False,
    }
    assert registry.model("large").scheduler.overrides == {}


def test_a_sampler_that_cannot_keep_to_the_scheduler_is_not_taken(tmp_path: Path) -> None:
    """Heun's scheduler has no zero terminal SNR: it is not offered, and choosing it is a problem of the file."""
    text = '[models.m]\nfamily = "sd2"\nfolder = "m"\n[models.m.scheduler]\nrescale_betas_zero_snr = {}\n'
    samplers = FAMILIES["sd2"].samplers
    assert read(tmp_path, text.format("false")).model().abilities.samplers == samplers
    taken = read(tmp_path, text.format("true")).model().abilities.samplers
    assert taken == tuple(sampler for sampler in samplers if sampler != "heun")
    for wrong in ('[models.m.abilities]\nsamplers = ["heun"]', '[models.m.defaults]\nsampler = "heun"'):
        with pytest.raises(SettingsInvalid):
            read(tmp_path, text.format("true") + wrong)


@pytest.mark.parametrize(
    ("sampler", "told"),
    [("euler", "steps is 60, but max_steps is 55"), ("lcm", "steps is 60, but the maximum with sampler lcm is 50")],
)
def test_more_steps_than_can_be_painted_are_no_default(tmp_path: Path, sampler: str, told: str) -> None:
    """Both the model's maximum and its sampler's apply."""
    defaults = f'[models.m.defaults]\nsteps = 60\nsampler = "{sampler}"\n[models.m.abilities]\nmax_steps = 55'
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path, f'[models.m]\nfamily = "sd1"\nfolder = "m"\n{defaults}')
    assert refused.value.problems == (f"{tmp_path / 'models.toml'}: models.m.defaults: {told}",)


@pytest.mark.parametrize(
    "text",
    ["[models", "default = \udcff", f"default = {'9' * 5000}", f"default = {'[' * 5000}", f"default = {'{a=' * 5000}"],
    ids=lambda text: text[:12],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "models.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsInvalid):
        read_registry(tmp_path / "models.toml")


def test_a_file_without_models_is_told_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"registers no model\. Add a \[models\.NAME\] table"):
        read(tmp_path, "")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid):
        read_registry(tmp_path / "models.toml")


def test_names_and_abilities_are_read_without_torch() -> None:
    heavy = "{'torch', 'numpy', 'diffusers'}"
    code = f"import engine.models.registry.registry, sys; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_of_every_family_is_registered_with_defaults_that_it_can_do(tmp_path: Path, name: str) -> None:
    model = read(tmp_path, f'[models.m]\nfamily = "{name}"\nfolder = "m"').model()
    assert model.defaults.sampler in model.abilities.samplers
    assert model.defaults.width % model.abilities.multiple == 0


def test_a_family_that_takes_no_adapters_says_so_before_queueing(tmp_path: Path) -> None:
    """diffusers has no adapter loader for PixArt, so the language and the registry refuse adapters."""
    text = '[models.m]\nfamily = "pixart"\nfolder = "m"\n[adapters.ink]\nfile = "ink.safetensors"\nfamily = "pixart"'
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path, text)
    assert "cannot use adapters" in str(refused.value.problems)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lines of Unix", "lines of Windows", "lines of old Macs"])
def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path, ending: str) -> None:
    (tmp_path / "models.toml").write_text(TWO, encoding="utf-8-sig", newline=ending)
    assert read_registry(tmp_path / "models.toml").model().name == "small"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_file_in_another_encoding_is_told_what_to_save_it_as(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "models.toml").write_text(TWO.replace("small", "schön"), encoding=encoding)
    with pytest.raises(SettingsInvalid) as refused:
        read_registry(tmp_path / "models.toml")
    (sentence,) = refused.value.problems
    assert "Save it as UTF-8" in sentence and ("UTF-16" in sentence) == encoding.startswith("utf")


def test_a_models_file_with_a_nul_byte_is_not_called_utf_16(tmp_path: Path) -> None:
    """As a file has after a crash of its machine."""
    path = tmp_path / "models.toml"
    path.write_bytes(TWO.encode() + b"\0\0")
    with pytest.raises(SettingsInvalid) as refused:
        read_registry(path)
    (problem,) = refused.value.problems
    assert "NUL byte in line" in problem and "UTF-16" not in problem


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"small"\n', "LEFT DOUBLE QUOTATION MARK"),
        ("default =", "NO-BREAK SPACE"),
        ("default", "ZERO WIDTH SPACE"),
    ],
)
def test_a_sign_that_looks_like_another_is_told(tmp_path: Path, written: str, told: str) -> None:
    """As word processors and web pages put them into a file that was pasted; some cannot be seen."""
    odd = {"LEFT": "\u201csmall\u201d\n", "NO-B": "default\u00a0=", "ZERO": "\u200bdefault"}[told[:4]]
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path, TWO.replace(written, odd, 1))
    assert f"{told}: replace or remove it" in refused.value.problems[0]
