"""`easel models` from outside: what it prints, what it writes, how it ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.models.registry.families import FAMILIES
from tests.easel.command import run_easel, run_on_terminal
from tests.easel.models import save_models_file
from tests.engine.painter.captioners import save_captioner
from tests.engine.painter.checkpoints import save_lora, save_sd1, save_sdxl
from tests.engine.painter.upscalers import tiny_network


@pytest.fixture
def models_file(tmp_path: Path) -> Path:
    """A file of the operator's own, with one model."""
    return save_models_file(tmp_path)


def _text(models_file: Path) -> str:
    return models_file.read_text()


def _entry(models_file: Path, name: str, *, table: str = "models") -> dict[str, str]:
    entry: dict[str, str] = tomllib.loads(_text(models_file))[table][name]
    return entry


async def test_list_names_what_is_registered(home: Path) -> None:
    """Without a file of one's own that is what ships."""
    done = await run_easel("models", "list", home=home, COLUMNS="200")
    assert done.code == 0
    assert "starter (default)" in done.out and "Apache-2.0" in done.out


async def test_list_is_whole_and_readable_by_programs(models_file: Path, home: Path) -> None:
    """A path is neither cut nor broken, however long; `--json` has everything, `--quiet` the names."""
    settings = {"EASEL_MODELS_FILE": str(models_file), "COLUMNS": "60"}
    table, text, names = [
        await run_easel("models", "list", *options, home=home, **settings)
        for options in ((), ("--json",), ("--quiet",))
    ]
    (model,) = json.loads(text.out)["models"]
    source = model["source"]
    assert f" {source}\n" in table.out and len(source) > 60
    assert names.out == f"{model['name']}\n"


async def test_list_tells_what_paints_other_pictures(tmp_path: Path, home: Path) -> None:
    """Of two models of the same weights, the one that is painted otherwise to be quicker is known by it."""
    entry = '[models.{}]\nfamily = "sd1"\nfolder = "weights"\n'
    speed = '[models.rough.speed]\nprecision = "fp8"\nguidance_until = 0.75\n'
    file = tmp_path / "models.toml"
    await asyncio.to_thread(file.write_text, entry.format("plain") + entry.format("rough") + speed)
    done = await run_easel("models", "list", home=home, COLUMNS="200", EASEL_MODELS_FILE=str(file))
    lines = [line for line in done.out.splitlines() if "sd1" in line]
    assert ["sd1, precision fp8, guidance_until 0.75" in line for line in lines] == [False, True]


async def test_check_records_the_hash_once(models_file: Path, home: Path) -> None:
    """The first check writes down which files these are; the second finds them unchanged."""
    first = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    recorded = _entry(models_file, "tiny")["sha256"]
    second = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert (first.code, second.code) == (0, 0)
    assert recorded in second.out


async def test_check_tells_of_a_hash_that_it_cannot_write(models_file: Path, home: Path) -> None:
    """It says which line to write, goes on with the others, and leaves the file alone but for theirs."""
    _insert(models_file, ESCAPED)
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    recorded = _entry(models_file, "tiny")["sha256"]
    assert done.code == 4
    assert f'Add this line to it: sha256 = "{recorded}"' in done.out and ESCAPED in _text(models_file)


ESCAPED = '[models."t\\u00efny"]\nfamily = "sd1"\nfolder = "weights"\n\n'


def _insert(models_file: Path, entry: str) -> None:
    models_file.write_text(_text(models_file).replace("[models.tiny]", f"{entry}[models.tiny]"))


async def test_check_fails_when_files_changed(models_file: Path, home: Path) -> None:
    """Weights that no longer match the recorded hash are refused with a fix."""
    await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    (models_file.parent / "weights" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 7
    assert "Fix" in done.out and "Restore the original files" in done.out


async def test_check_loads_without_numbers(models_file: Path, home: Path) -> None:
    """A model whose files are whole and lack a tensor is refused; of one that works, what nobody reads is named."""
    folder = models_file.parent / "weights"
    shutil.copytree(folder, folder.with_name("bad"))
    shutil.copytree(folder, folder.with_name("whole"))
    _insert(models_file, '[models.bad]\nfamily = "sd1"\nfolder = "bad"\n\n')
    config = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps({**config, "tiling": 2}))
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    more = {"odd": torch.ones(1), **{f"ema.{number}": torch.ones(1) for number in range(20)}}
    save_file({**tensors, **more}, file)
    del tensors["conv_out.bias"]
    save_file(tensors, folder.with_name("bad") / "unet" / file.name)
    save_lora(folder.with_name("ink.safetensors"), folder.with_name("whole"), seed=1)
    _add_adapters(models_file, ink="ink")
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    (note,) = [line for line in done.out.splitlines() if line.startswith("Note")]
    assert (done.code, done.err) == (7, "")
    assert note == "Note  tiny  not used: unet/config.json: tiling, unet: ema.* (20 tensors), unet: odd"
    assert 'The model "bad" does not work: its unet lacks the tensor conv_out.bias. Fix it' in done.out
    assert "sha256" in _entry(models_file, "tiny") and "sha256" not in _entry(models_file, "bad")
    assert "fits tiny" in done.out and "fits tiny, bad" not in done.out


async def test_check_covers_adapters(models_file: Path, home: Path) -> None:
    """A fitting adapter is recorded; one that is missing, made for another model or changed later needs a fix."""
    folder = models_file.parent
    save_lora(folder / "ink.safetensors", folder / "weights", seed=1)
    save_lora(folder / "big.safetensors", save_sdxl(folder / "sdxl"), seed=2)
    _add_adapters(models_file, ink="ink", **{"1.5-big": "big"}, gone="gone")
    first = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    recorded = _entry(models_file, "ink", table="adapters")["sha256"]
    lines = dict(_verdicts(first.out))
    assert first.code == 7
    assert "fits tiny" in lines["ok ink"] and recorded in first.out
    assert 'does not fit the model "tiny": unet.' in lines["Fix 1.5-big"]
    assert f"File not found: {folder / 'gone.safetensors'}." in lines["Fix gone"]
    assert "sha256" not in _entry(models_file, "1.5-big", table="adapters")
    save_lora(folder / "ink.safetensors", folder / "weights", seed=3)
    second = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert "Restore the original files" in dict(_verdicts(second.out))["Fix ink"]


async def test_check_covers_upscalers(models_file: Path, home: Path) -> None:
    """One that works is recorded; one that is something else needs a fix. The list names both."""
    save_file(tiny_network().state_dict(), models_file.with_name("sharp.safetensors"))
    _add_upscalers(models_file, sharp="sharp", odd="weights/unet/diffusion_pytorch_model")
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 7
    assert "upscaler sharp  enlarges 4x" in done.out and "sha256" in _entry(models_file, "sharp", table="upscalers")
    assert 'upscaler odd  The upscaler "odd" does not work: it is no ESRGAN' in done.out
    listed = await run_easel("models", "list", home=home, EASEL_MODELS_FILE=str(models_file))
    assert "upscaler sharp: unknown, " in listed.out and "upscaler odd" in listed.out


async def test_check_covers_segmenters(models_file: Path, home: Path) -> None:
    """One without weights needs a fix, and the list names it."""
    _add_segmenter(models_file)
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code != 0 and "segmenter words" in done.out
    listed = await run_easel("models", "list", "--json", home=home, EASEL_MODELS_FILE=str(models_file))
    assert json.loads(listed.out)["segmenters"][0]["name"] == "words"


async def test_check_covers_captioners(models_file: Path, home: Path) -> None:
    """One that works is recorded, and one with pickles alone needs a fix. The list names both."""
    _add_captioners(models_file)
    done = await run_easel("models", "check", home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 7
    assert "captioner blip" in done.out and "sha256" in _entry(models_file, "blip", table="captioners")
    assert 'captioner pickles  The captioner "pickles" has no weights' in done.out
    listed = await run_easel("models", "list", home=home, EASEL_MODELS_FILE=str(models_file))
    assert "captioner blip: unknown, " in listed.out and "captioner pickles" in listed.out
    as_json = await run_easel("models", "list", "--json", home=home, EASEL_MODELS_FILE=str(models_file))
    assert [one["name"] for one in json.loads(as_json.out)["captioners"]] == ["blip", "pickles"]


def _add_captioners(models_file: Path) -> None:
    save_captioner(models_file.with_name("blip"))
    models_file.with_name("pickles").mkdir()
    models_file.with_name("pickles").joinpath("pytorch_model.bin").touch()
    entries = "".join(f'\n[captioners.{name}]\nfolder = "{name}"\n' for name in ("blip", "pickles"))
    models_file.write_text(_text(models_file) + entries)


def _add_segmenter(models_file: Path) -> None:
    models_file.with_name("clipseg").mkdir()
    models_file.write_text(f'{_text(models_file)}\n[segmenters.words]\nfolder = "clipseg"\n')


def _add_upscalers(models_file: Path, **files: str) -> None:
    entries = [f'\n[upscalers.{name}]\nfile = "{file}.safetensors"\n' for name, file in files.items()]
    models_file.write_text(_text(models_file) + "".join(entries))


def _add_adapters(models_file: Path, **files: str) -> None:
    entries = [f'\n[adapters."{name}"]\nfile = "{file}.safetensors"\nfamily = "sd1"\n' for name, file in files.items()]
    models_file.write_text(_text(models_file) + "".join(entries))


def _verdicts(out: str) -> Iterator[tuple[str, str]]:
    """Yield mark and name of each adapter with the rest of its line."""
    for line in out.splitlines():
        mark, _, rest = line.partition("  ")
        name, _, about = rest.strip().removeprefix("adapter ").partition("  ")
        if " adapter " in line:
            yield f"{mark} {name}", about


async def test_add_registers_with_a_hash(models_file: Path, home: Path) -> None:
    """A model whose files are here is registered with their hash."""
    save_sd1(models_file.parent / "other", seed=1)
    arguments = ("models", "add", "other", "--family", "sd1", "--licence", "none", "--folder", "other")
    done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 0, done.err
    assert _entry(models_file, "other")["sha256"] in done.out


async def test_add_registers_a_variant(models_file: Path, home: Path) -> None:
    """A folder that has only a variant is not whole without its name."""
    save_sd1(models_file.parent / "other", seed=1, variant="fp16")
    arguments = ("models", "add", "other", "--family", "sd1", "--licence", "none", "--folder", "other")
    plain = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models_file), COLUMNS="400")
    assert plain.code == 7 and 'set variant = "fp16" in the models file' in plain.out
    variant = ("models", "add", "half", *arguments[3:], "--variant", "fp16")
    half = await run_easel(*variant, home=home, EASEL_MODELS_FILE=str(models_file))
    assert half.code == 0, half.out + half.err
    assert _entry(models_file, "half")["variant"] == "fp16"
    assert _entry(models_file, "half")["sha256"] in half.out


async def test_add_registers_what_is_to_be_fetched(tmp_path: Path, home: Path) -> None:
    """In a new file that names only its default; that nothing of it is here yet is no fault."""
    models_file = tmp_path / "models.toml"
    models_file.write_text('default = "base"\n')
    arguments = ("models", "add", "base", "--family", "sdxl", "--licence", "none", "--hub", "nobody/base")
    done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models_file))
    assert (done.code, done.err) == (0, "")
    assert done.out == "Registered base. `easel models fetch base` downloads its files.\n"
    assert _entry(models_file, "base") == {"family": "sdxl", "licence": "none", "hub": "nobody/base"}


async def test_add_names_the_families_that_there_are(home: Path) -> None:
    """Each of them, wherever the help breaks its lines."""
    done = await run_easel("models", "add", "--help", home=home)
    assert f"Oneof{','.join(FAMILIES)}." in "".join(done.out.split())


async def test_check_shows_how_far_it_is_on_a_terminal_only(models_file: Path, home: Path) -> None:
    """A bar on standard error, with the model's name; nothing of it in a pipe, and nothing on standard output."""
    variables = {"EASEL_MODELS_FILE": str(models_file), "COLUMNS": "200"}
    shown = await run_on_terminal("models", "check", home=home, **variables)
    piped = await run_easel("models", "check", home=home, **variables)
    assert "Hashing tiny" in shown.err and "Hashing" not in shown.out
    assert (shown.code, piped.code, piped.err) == (0, 0, "")


async def test_faulty_entry_is_refused_and_not_written(models_file: Path, home: Path) -> None:
    """The file is as it was."""
    before = _text(models_file)
    arguments = ("models", "add", "other", "--family", "sd9", "--licence", "none", "--folder", "other")
    done = await run_easel(*arguments, home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 4
    assert "sd9" in done.err and _text(models_file) == before


async def test_add_needs_a_file_of_ones_own(home: Path) -> None:
    """The registry that ships is never edited."""
    arguments = ("models", "add", "other", "--family", "sd1", "--licence", "none", "--folder", "other")
    done = await run_easel(*arguments, home=home)
    assert done.code == 4
    assert "EASEL_MODELS_FILE" in done.err


async def test_fetch_of_an_unknown_model_exits_7(models_file: Path, home: Path) -> None:
    """The error lists the available names."""
    done = await run_easel("models", "fetch", "nobody", home=home, EASEL_MODELS_FILE=str(models_file))
    assert done.code == 7
    assert "Available: tiny" in done.err
