"""Nonces: for a few minutes Discord answers a second post of the same one with the message of the first."""

from __future__ import annotations

from uuid import UUID

from bot.store.deliveries import Delivery

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def nonce(delivery: Delivery, is_replacement: bool = False) -> str:
    """Return the delivery's id in base 36, which fits Discord's 25 characters.

    It is another one for a replacement and after a move: Discord answers a known nonce with the message that had it.
    """
    return nonce_of(UUID(int=delivery.id.int ^ is_replacement ^ 2 * (delivery.moved_from is not None)))


def nonce_of(one: UUID) -> str:
    """Return the id in base 36."""
    number, digits = one.int, ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits
