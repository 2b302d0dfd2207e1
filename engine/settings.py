"""The settings an operator sets through the environment: read once, validated together, frozen.

`EASEL_HOME` defaults to `~/.easel`: one folder to inspect, back up or delete, and short, because the path of the
Postgres socket inside it is limited to about 100 bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.contract.errors import SettingsInvalid
from engine.secret_files import FILE_SUFFIX, read_secret_files

PREFIX = "EASEL_"

S3_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""The variables that obstore reads the address of an S3 service from, the first that is set."""

S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""The variables of the keys for S3, each of which a file may hold instead."""

_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")

LogFormat = Literal["console", "json"]

Settings = TypeVar("Settings", bound="EngineSettings")


class EngineSettings(BaseSettings):
    """The settings of every process.

    home: absolute path of the folder with the embedded Postgres, the sandbox's chat and, unless `storage_url` is set,
        the pictures.
    database_url: `postgresql://...`, with its password; None for the embedded server in `home`.
    listen_database_url: the same database at an address that keeps sessions; None where `database_url` does.
    database_connections: the most connections to Postgres that a bot or an engine opens.
    storage_url: `file:///...` or `s3://bucket/prefix`.
    model: model of jobs that name none; None for the default of the models file.
    models_file: TOML file that registers models; None for the one that ships.
    models_memory: GB (2 ** 30 bytes) that the weights of loaded models may use on the device; None for what is free
        when the engine starts, minus what pictures need.
    safety: whether finished pictures are classified and unsafe ones withheld, where a classifier is registered.
    c2pa_key_file, c2pa_certificates_file: the key that signs pictures when they leave, with its certificates; None
        where they leave as they are.
    hashes_file: the list of pictures that must never appear; None for none.
    health_host: the address that the health pages are served on; 0.0.0.0 for all of the machine's.
    training_steps: of each training of a member's own adapter.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(default=Path("~/.easel"), validation_alias="EASEL_HOME", validate_default=True)
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    listen_database_url: SecretStr | None = Field(default=None, validation_alias="EASEL_LISTEN_DATABASE_URL")
    database_connections: int = Field(default=5, validation_alias="EASEL_DATABASE_CONNECTIONS", ge=3, le=100)
    storage_url: str = Field(default="", validation_alias="EASEL_STORAGE_URL", validate_default=True)
    model: str | None = Field(default=None, validation_alias="EASEL_MODEL")
    models_file: Path | None = Field(default=None, validation_alias="EASEL_MODELS_FILE")
    models_memory: float | None = Field(default=None, validation_alias="EASEL_MODELS_MEMORY")
    log_format: LogFormat = Field(default="console", validation_alias="EASEL_LOG_FORMAT")
    safety: Literal["on", "off"] = Field(default="on", validation_alias="EASEL_SAFETY")
    c2pa_key_file: Path | None = Field(default=None, validation_alias="EASEL_C2PA_KEY_FILE")
    c2pa_certificates_file: Path | None = Field(default=None, validation_alias="EASEL_C2PA_CERTIFICATES_FILE")
    hashes_file: Path | None = Field(default=None, validation_alias="EASEL_HASHES_FILE")
    health_host: str = Field(default="127.0.0.1", validation_alias="EASEL_HEALTH_HOST", min_length=1)
    training_steps: int = Field(default=400, validation_alias="EASEL_TRAINING_STEPS", ge=1, le=10_000)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("database_url", "listen_database_url")
    @classmethod
    def _is_postgres_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and urlsplit(url.get_secret_value()).scheme not in {"postgresql", "postgres"}:
            raise ValueError("must start with postgresql://, for example postgresql://user:password@host:5432/easel")
        return url

    @field_validator("storage_url")
    @classmethod
    def _is_storage_url(cls, url: str, info: ValidationInfo) -> str:
        if not url and "home" in info.data:
            home: Path = info.data["home"]
            return (home / "pictures").as_uri()
        if url and urlsplit(url).scheme not in {"file", "s3"}:
            raise ValueError("must start with file:/// or s3://, for example file:///srv/easel/pictures")
        return url

    @field_validator("models_file", "hashes_file", "c2pa_key_file", "c2pa_certificates_file")
    @classmethod
    def _is_file(cls, path: Path | None) -> Path | None:
        if path and not path.expanduser().is_file():
            raise ValueError(f"file not found: {path}")
        return path.expanduser().absolute() if path else None

    @field_validator("models_memory", mode="before")
    @classmethod
    def _is_positive_number(cls, memory: str | None) -> float | None:
        if memory is None:
            return None
        if not _AMOUNT.fullmatch(memory) or not float(memory):
            raise ValueError("must be a number of GB, for example 16 or 7.5")
        return float(memory)

    @property
    def listen_url(self) -> str | None:
        """`listen_database_url` as text; None without a `database_url` of one's own."""
        given = self.listen_database_url
        return given.get_secret_value() if given and self.database_url else None

    @property
    def database_folder(self) -> Path | None:
        """The folder of the embedded Postgres; None with a `database_url`."""
        return None if self.database_url else self.home / "postgres"

    @property
    def models_memory_bytes(self) -> int | None:
        """`models_memory` in bytes."""
        return None if self.models_memory is None else int(self.models_memory * 2**30)


def read_settings(kind: type[Settings]) -> Settings:
    """Return the settings of a process, from the environment.

    Raises: SettingsInvalid with one sentence for every error, unknown `EASEL_` names included.
    """
    problems = list(_unknown_names(kind, os.environ))
    secrets, unreadable = read_secret_files(secret_names(kind), os.environ)
    problems += unreadable + _set_s3_keys()
    try:
        settings = kind(**cast(dict[str, Any], secrets))
    except ValidationError as error:
        problems += [_sentence_from_error(details) for details in error.errors(include_input=False)]
    else:
        problems += _endpoint_problems(settings.storage_url, os.environ)
        if not problems:
            return settings
    raise SettingsInvalid(problems=tuple(problems))


def _set_s3_keys() -> list[str]:
    """Set the variables of the keys that are in files, because obstore reads them itself; return what is wrong."""
    secrets, problems = read_secret_files(S3_KEYS, os.environ)
    os.environ.update(secrets)
    for name in secrets:
        del os.environ[name + FILE_SUFFIX]
    return problems


def _endpoint_problems(storage_url: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the address of an S3 service, on which obstore panics or which it cannot use."""
    for name in S3_ENDPOINTS if urlsplit(storage_url).scheme == "s3" else ():
        address = environ.get(name)
        if address is not None and address != address.strip() and _is_http_address(address.strip()):
            yield f"{name} must not begin or end with a blank"
        elif address is not None and not _is_http_address(address):
            unset = "" if address.strip() else ", or not be set"
            yield f"{name} must begin with http:// or https://, such as http://minio:9000{unset}"


def _is_http_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return has_port and parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)


def variable_names(kind: type[EngineSettings]) -> tuple[str, ...]:
    """Return the names of the environment variables that this kind of settings is read from."""
    named = tuple(str(field.validation_alias) for field in kind.model_fields.values())
    return named + tuple(name + FILE_SUFFIX for name in secret_names(kind))


def secret_names(kind: type[EngineSettings]) -> tuple[str, ...]:
    """Return the names of the variables whose values are secret, each of which a file may hold instead."""
    fields = kind.model_fields.values()
    return tuple(str(field.validation_alias) for field in fields if SecretStr in get_args(field.annotation))


def _unknown_names(kind: type[EngineSettings], environ: Mapping[str, str]) -> Iterator[str]:
    known = variable_names(kind)
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Available: {', '.join(sorted(known))}."
            yield f"{name} is not a setting. {hint}"


def _sentence_from_error(details: ErrorDetails) -> str:
    name = ".".join(str(part) for part in details["loc"])
    if details["type"] == "literal_error":
        return f"{name} must be {details['ctx']['expected']}"
    return f"{name} {details['msg'].removeprefix('Value error, ')}"
