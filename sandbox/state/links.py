"""URLs of uploaded files, signed and short-lived like Discord's."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sandbox.state.clock import Clock
from sandbox.state.records import Attachment

LIFETIME = timedelta(hours=24)


class Links:
    """Signs URLs under `base_url`, which has no trailing slash."""

    def __init__(self, base_url: str, clock: Clock, secret: bytes | None = None) -> None:
        self.base_url = base_url
        self._clock = clock
        self._secret = secret or secrets.token_bytes(32)

    def attachment_url(self, channel_id: int, attachment: Attachment) -> str:
        """Return a URL that serves the file for 24 hours."""
        issued = self._clock.now()
        path = f"/attachments/{channel_id}/{attachment.id}/{quote(attachment.filename)}"
        issued_hex, expiry_hex = _hex_from_moment(issued), _hex_from_moment(issued + LIFETIME)
        signature = self._signature(channel_id, attachment.id, expiry_hex)
        return f"{self.base_url}{path}?ex={expiry_hex}&is={issued_hex}&hm={signature}&"

    def is_valid(self, channel_id: int, attachment_id: int, expiry_hex: str, signature: str) -> bool:
        """Tell whether an attachment URL has a valid signature and has not expired."""
        expected = self._signature(channel_id, attachment_id, expiry_hex)
        return hmac.compare_digest(expected, signature) and _moment_from_hex(expiry_hex) > self._clock.now()

    def _signature(self, channel_id: int, attachment_id: int, expiry_hex: str) -> str:
        text = f"{channel_id}/{attachment_id}/{expiry_hex}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _hex_from_moment(moment: datetime) -> str:
    return f"{int(moment.timestamp()):x}"


def _moment_from_hex(text: str) -> datetime:
    return datetime.fromtimestamp(int(text, 16), UTC)
