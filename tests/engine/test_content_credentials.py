"""Signed pictures are read back by C2PA's own reader, and are what they were once that is taken out again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from engine.content_credentials import MAX_OVERHEAD, ContentCredentials, without_credentials
from engine.contract.errors import SettingsInvalid
from engine.contract.provenance import DIGITAL_SOURCE_TYPE
from tests.engine.certificates import Credentials, make_credentials
from tests.test_provenance import PNG, WRITERS


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """A key with its certificates."""
    return make_credentials(tmp_path_factory.mktemp("credentials"))


def opened(credentials: Credentials) -> ContentCredentials:
    return ContentCredentials(credentials.key, credentials.certificates)


def read(file: bytes, media_type: str, authority: str | None = None) -> dict[str, Any]:
    """Return what C2PA's reader says of the file, trusting the authority, if one is given, and asking no server."""
    trusted: dict[str, Any] = {"verify": {"remote_manifest_fetch": False}}
    trusted |= {"trust": {"trust_anchors": authority}} if authority else {}
    with (
        c2pa.Context.from_dict(trusted) as context,
        c2pa.Reader(media_type, io.BytesIO(file), context=context) as reader,
    ):
        told: dict[str, Any] = json.loads(reader.json())
    return told


@pytest.mark.parametrize("name", ["original", "small grid", "large grid", "film", "API, JPEG", "API, PNG"])
async def test_every_format_is_signed_and_read_back(credentials: Credentials, tmp_path: Path, name: str) -> None:
    """The picture, its size in bytes and what it says besides stay; whoever trusts the authority trusts it."""
    made = WRITERS[name](tmp_path)
    file = made if isinstance(made, bytes) else await made
    with Image.open(io.BytesIO(file)) as image:
        media_type, told = Image.MIME[image.format or ""], dict(image.info)
    signed = await opened(credentials).signed(file, media_type)
    assert 0 < len(signed) - len(file) < MAX_OVERHEAD
    report = read(signed, media_type, credentials.authority)
    assert report["validation_state"] == "Trusted"
    manifest = report["manifests"][report["active_manifest"]]
    (action,) = manifest["assertions"][0]["data"]["actions"]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", DIGITAL_SOURCE_TYPE)
    assert manifest["claim_generator_info"][0]["name"] == "Easel" and manifest["signature_info"]["issuer"] == "Easel"
    with Image.open(io.BytesIO(signed)) as again, Image.open(io.BytesIO(file)) as before:
        assert again.tobytes() == before.tobytes()
        assert {key: again.info.get(key) for key in ("parameters", "xmp")} == {
            key: told.get(key) for key in ("parameters", "xmp")
        }
    if media_type == "image/png":
        assert without_credentials(signed) == file


async def test_what_was_not_signed_stays(credentials: Credentials) -> None:
    """Without a key, in a format without a place for it, and a PNG whose data merely look like a chunk."""
    assert await ContentCredentials().signed(PNG, "image/png") == PNG
    assert await opened(credentials).signed(b"BM", "image/bmp") == b"BM"
    for file in (PNG, b"", b"no picture caBX", PNG[:-12] + b"\0\0\0\4IDATcaBX\0\0\0\0" + PNG[-12:]):
        assert without_credentials(file) == file


async def test_a_changed_picture_is_no_longer_vouched_for(credentials: Credentials) -> None:
    signed = bytearray(await opened(credentials).signed(PNG, "image/png"))
    signed[-20] ^= 1
    assert read(bytes(signed), "image/png", credentials.authority)["validation_state"] == "Invalid"


@pytest.mark.parametrize("fault", ["one of two", "no key", "text", "other key", "gone"])
async def test_what_cannot_sign_is_said_at_the_start(credentials: Credentials, tmp_path: Path, fault: str) -> None:
    key, chain = tmp_path / "key.pem", credentials.certificates
    key.write_bytes(credentials.key.read_bytes())
    used: tuple[Path | None, Path | None] = (key, chain)
    match fault:
        case "one of two":
            used = (key, None)
        case "no key":
            key.write_bytes(chain.read_bytes())
        case "text":
            key.write_text("secret")
        case "other key":
            used = (make_credentials(tmp_path).key, chain)
        case "gone":
            used = (tmp_path / "gone.pem", chain)
    with pytest.raises(SettingsInvalid) as told:
        await ContentCredentials(*used).load()
    (problem,) = told.value.problems
    expected = {"one of two": "must both be set", "gone": "gone.pem cannot be read"}.get(fault, "cannot sign")
    assert expected in problem and "secret" not in problem
