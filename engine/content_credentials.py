"""Signed statements of origin in picture files that leave: C2PA manifests, where the operator has a key for them.

The package c2pa-python is an optional one, and imported only where there is a key.
Source: C2PA Technical Specification 2.2; https://spec.c2pa.org/
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from engine.contract.errors import SettingsInvalid
from engine.contract.provenance import CREATOR_TOOL, DIGITAL_SOURCE_TYPE

SIGNABLE = frozenset({"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif"})
"""The media types that have a place for it."""

MAX_OVERHEAD = 32 * 1024
"""The most bytes that signing adds, with a chain of a few certificates."""

_MANIFEST = json.dumps(
    {
        "claim_generator_info": [{"name": CREATOR_TOOL}],
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE}]},
            }
        ],
    }
)
# Thumbnails are larger than the picture; C2PA's own purpose of certificates is refused by default.
_CONTEXT: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    "trust": {"trust_config": "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4"},
}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_CHUNK = b"caBX"
_PNG_START = 8


class ContentCredentials:
    """Signs pictures with the key of the operator; without one, they leave as they are."""

    def __init__(self, key: Path | None = None, certificates: Path | None = None) -> None:
        """`key`: of a PEM file; `certificates`: of one with the key's own certificate first, then its chain."""
        self._key, self._certificates = key, certificates
        self._signer: Any = None
        self._lock = asyncio.Lock()

    @property
    def files(self) -> tuple[Path, ...]:
        """The arguments with which another process opens the same ones; none where there is no key."""
        return (self._key, self._certificates) if self._key and self._certificates else ()

    @property
    def are_used(self) -> bool:
        """Whether there is a key."""
        return self._key is not None

    async def load(self) -> None:
        """Read the key and the certificates, and try them.

        Raises: SettingsInvalid, with what is wrong with them.
        """
        if self._key is None and self._certificates is None:
            return
        if self._key is None or self._certificates is None:
            raise _invalid("EASEL_C2PA_KEY_FILE and EASEL_C2PA_CERTIFICATES_FILE must both be set, or neither")
        await asyncio.to_thread(self._open, self._key, self._certificates)

    async def signed(self, file: bytes, media_type: str) -> bytes:
        """Return the file with a manifest that says that a model made it, signed in a thread.

        A file without a place for it, and any file where there is no key, is returned as it is.

        Raises: SettingsInvalid for a key that cannot be used and was not loaded before.
        """
        if not self.are_used or media_type not in SIGNABLE:
            return file
        async with self._lock:
            if self._signer is None:
                await self.load()
            return await asyncio.to_thread(_signed, self._signer, file, media_type)

    def _open(self, key: Path, certificates: Path) -> None:
        try:
            import c2pa
        except ImportError as error:
            raise _invalid("EASEL_C2PA_KEY_FILE needs the package c2pa-python: pip install 'easel[c2pa]'") from error
        try:
            private, algorithm = _read_key(key)
            chain = certificates.read_text()
            signer = c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(algorithm.encode(), chain.encode(), private.encode(), None)
            )
            _signed(signer, _one_pixel(), "image/png")
        except OSError as error:
            raise _invalid(f"{error.filename} cannot be read: {error.strerror}") from error
        except (c2pa.C2paError, ValueError, TypeError) as error:
            raise _invalid(f"{key} and {certificates} cannot sign: {error}") from error
        self._signer = signer


UNSIGNED = ContentCredentials()
"""What leaves pictures as they are."""


def without_credentials(file: bytes) -> bytes:
    """Return a PNG without its manifest, to the byte as it was before it was signed; any other file as it is."""
    at = file.find(_CHUNK, _PNG_START)
    while at >= 0 and file.startswith(b"\x89PNG"):
        start = at - 4
        (length,) = struct.unpack(">I", file[start:at])
        end = start + length + 12
        if _is_chunk(file, start) and end <= len(file):
            return file[:start] + file[end:]
        at = file.find(_CHUNK, at + 1)
    return file


def _is_chunk(file: bytes, wanted: int) -> bool:
    """Return whether a chunk of the PNG starts there."""
    place = _PNG_START
    while place < wanted:
        (length,) = struct.unpack(">I", file[place : place + 4])
        place += length + 12
    return place == wanted


def _signed(signer: Any, file: bytes, media_type: str) -> bytes:
    import c2pa

    with c2pa.Context.from_dict(_CONTEXT) as context, c2pa.Builder(_MANIFEST, context) as builder:
        target = io.BytesIO()
        builder.sign(signer, media_type, io.BytesIO(file), target)
    return target.getvalue()


def _read_key(path: Path) -> tuple[str, str]:
    """Return the key in PKCS #8, the one form that is taken, and the algorithm that it is for."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        algorithm = _CURVES[key.curve.name]
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm = "ed25519"
    elif isinstance(key, rsa.RSAPrivateKey):
        algorithm = "ps256"
    else:
        raise ValueError("the key is neither Ed25519, RSA, nor of the curves P-256, P-384 and P-521")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode(), algorithm


def _one_pixel() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    return file.getvalue()


def _invalid(problem: str) -> SettingsInvalid:
    return SettingsInvalid(problems=(f"{problem}.",))
