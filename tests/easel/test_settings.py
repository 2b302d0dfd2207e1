"""Settings: validated together, and secrets are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import DISCORD_API_URL, BotSettings
from easel.painter import setting_from_settings
from engine.contract.errors import SettingsInvalid
from engine.painter.process.launch import PainterOptions
from engine.settings import EngineSettings, read_settings
from engine.store.objects import open_objects
from tests.s3_server import open_s3

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789"
URL = "postgresql://easel:very-secret@db.example:5432/easel"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any of Easel's variables."""
    monkeypatch.delenv("EASEL_HOME", raising=False)


def test_nothing_set_is_enough() -> None:
    """By default everything is in `~/.easel` and the bot connects to Discord."""
    settings = read_settings(BotSettings)
    assert settings.home == Path.home() / ".easel"
    assert settings.storage_url == (Path.home() / ".easel" / "pictures").as_uri()
    assert settings.database_url is None and settings.discord_token is None
    assert settings.discord_api_url == DISCORD_API_URL


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every variable reaches its setting."""
    models = tmp_path / "models.toml"
    models.touch()
    for name, value in {
        "EASEL_HOME": str(tmp_path / "home"),
        "DATABASE_URL": URL,
        "EASEL_STORAGE_URL": "s3://bucket/prefix",
        "EASEL_MODEL": "mine",
        "EASEL_MODELS_FILE": str(models),
        "EASEL_MODELS_MEMORY": "7.5",
        "EASEL_LOG_FORMAT": "json",
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_API_URL": "http://127.0.0.1:8642/api/v10/",
    }.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(BotSettings)
    assert settings.database_url and settings.database_url.get_secret_value() == URL
    assert settings.discord_token and settings.discord_token.get_secret_value() == TOKEN
    assert (settings.home, settings.models_file) == (tmp_path / "home", models)
    assert (settings.storage_url, settings.model, settings.log_format) == ("s3://bucket/prefix", "mine", "json")
    assert settings.discord_api_url == "http://127.0.0.1:8642/api/v10"
    assert settings.models_memory_bytes == 7.5 * 2**30


@pytest.mark.parametrize("address", ["minio:9000", "", " ", "ftp://minio", "http://", "http://minio:x"])
def test_an_s3_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """obstore panics on most of them. Where pictures are in a folder it does not matter."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    read_settings(EngineSettings)
    monkeypatch.setenv("EASEL_STORAGE_URL", "s3://bucket")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(EngineSettings)
    (problem,) = refused.value.problems
    assert problem.startswith("AWS_ENDPOINT_URL must begin with http:// or https://, such as http://minio:9000")
    assert ("not be set" in problem) == (not address.strip())
    monkeypatch.setenv("AWS_ENDPOINT_URL", " http://minio:9000")
    with pytest.raises(SettingsInvalid, match="must not begin or end with a blank"):
        read_settings(EngineSettings)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000/")
    read_settings(EngineSettings)


def test_empty_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable, as compose files leave them, counts as unset."""
    for name in ("DISCORD_TOKEN", "DATABASE_URL", "EASEL_STORAGE_URL", "EASEL_LOG_FORMAT", "EASEL_MODELS_MEMORY"):
        monkeypatch.setenv(name, "")
    settings = read_settings(BotSettings)
    assert settings.discord_token is None and settings.database_url is None
    assert settings.log_format == "console" and settings.models_memory_bytes is None


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every invalid variable is reported at once, by name."""
    for name, value in {
        "EASEL_STORAGE_URL": "ftp://x",
        "DATABASE_URL": "mysql://root@localhost/x",
        "EASEL_MODELS_FILE": "/nowhere/models.toml",
        "EASEL_LOG_FORMAT": "xml",
        "DISCORD_API_URL": "discord",
        "DISCORD_TOKEN": "two words",
        "EASEL_STORGE_URL": "file:///x",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(BotSettings)
    named = {problem.split()[0] for problem in refused.value.problems}
    assert named == {
        "EASEL_STORAGE_URL",
        "DATABASE_URL",
        "EASEL_MODELS_FILE",
        "EASEL_LOG_FORMAT",
        "DISCORD_API_URL",
        "DISCORD_TOKEN",
        "EASEL_STORGE_URL",
    }


def test_the_painting_process_is_told_what_it_must_know(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It gets the models file, the memory, and a folder in the home for compiled models."""
    models = tmp_path / "models.toml"
    models.touch()
    for name, value in (("HOME", tmp_path), ("MODELS_FILE", models), ("MODELS_MEMORY", "2")):
        monkeypatch.setenv(f"EASEL_{name}", str(value))
    told = setting_from_settings(read_settings(EngineSettings), "mine")
    assert told == PainterOptions(
        registry=models,
        model="mine",
        budget_bytes=2 * 2**30,
        cache=tmp_path / "compiled",
        measurements=tmp_path / "measured",
    )


@pytest.mark.parametrize("memory", ["0", "0.0", "-4", "inf", "nan", "16 GB", "lots", "9" * 400])
def test_memory_that_is_no_amount_is_refused(monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    monkeypatch.setenv("EASEL_MODELS_MEMORY", memory)
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(EngineSettings)
    assert refused.value.problems == ("EASEL_MODELS_MEMORY must be a number of GB, for example 16 or 7.5",)


def test_unknown_name_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is not silently ignored."""
    monkeypatch.setenv("EASEL_HOEM", "/srv/easel")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(EngineSettings)
    assert refused.value.problems == ("EASEL_HOEM is not a setting. Did you mean EASEL_HOME?",)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor their errors show a token or a password."""
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DATABASE_URL", URL)
    shown = f"{read_settings(BotSettings)!r} {read_settings(BotSettings)}"
    assert TOKEN not in shown and "very-secret" not in shown
    monkeypatch.setenv("DISCORD_TOKEN", f"{TOKEN} and more")
    monkeypatch.setenv("DATABASE_URL", URL.replace("postgresql", "http"))
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(BotSettings)
    assert TOKEN not in str(refused.value) and "very-secret" not in str(refused.value)


def test_settings_do_not_change() -> None:
    """Settings are frozen."""
    settings = read_settings(EngineSettings)
    with pytest.raises(ValidationError):
        settings.model = "another"


def test_a_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As compose and Kubernetes mount them, with the line break that an editor leaves."""
    token, url = tmp_path / "token", tmp_path / "url"
    token.write_text(f"{TOKEN}\n")
    url.write_text(URL)
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(token))
    monkeypatch.setenv("DATABASE_URL_FILE", str(url))
    monkeypatch.setenv("EASEL_LISTEN_DATABASE_URL_FILE", str(url))
    settings = read_settings(BotSettings)
    assert settings.discord_token and settings.discord_token.get_secret_value() == TOKEN
    assert settings.database_url and settings.database_url.get_secret_value() == URL
    assert settings.listen_url == URL
    assert TOKEN not in repr(settings) and URL not in repr(settings)


def test_a_file_that_holds_no_secret_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Missing, empty and binary files, and a secret that is given twice, each with the variable's name."""
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(tmp_path / "empty"))
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("EASEL_LISTEN_DATABASE_URL_FILE", str(tmp_path / "binary"))
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(BotSettings)
    assert sorted(refused.value.problems) == [
        f"DATABASE_URL_FILE names {tmp_path / 'nowhere'}, which cannot be read (No such file or directory)",
        f"DISCORD_TOKEN_FILE names {tmp_path / 'empty'}, which is empty",
        f"EASEL_LISTEN_DATABASE_URL_FILE names {tmp_path / 'binary'}, which is not a text file",
    ]
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    with pytest.raises(SettingsInvalid, match="DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set"):
        read_settings(BotSettings)


async def test_the_keys_of_s3_may_be_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The store signs with them, also when the settings are read again; a file that is gone is told by its variable."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (tmp_path / name).write_text("from-a-file\n")
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    read_settings(EngineSettings)
    read_settings(EngineSettings)
    async with open_s3() as server:
        await open_objects("s3://bucket", endpoint=server.url, region="local").put(b"picture", ".png")
        assert "Credential=from-a-file/" in server.authorization
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsInvalid, match=r"AWS_ACCESS_KEY_ID_FILE names .*, which cannot be read"):
        read_settings(EngineSettings)
