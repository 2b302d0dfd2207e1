"""Texts that may tell who somebody is."""

from __future__ import annotations

import pytest

from engine.feedback.identifying import may_identify


@pytest.mark.parametrize(
    "text",
    [
        "a portrait of <@301234567890123456>",
        "me@example.org as a knight",
        "@somebody dancing",
        "Somebody#1234 as a knight",
        "call +49 (170) 123-45-67",
        "call 0170 1234567",
        "a poster with 301234567890123456",
        "https://example.org/me.png",
        "cdn.discordapp.com/attachments",
        "key hf_abcDEFghiJKLmnoPQR",
        "sk-abcdefghijklmnop1234",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "see example.com/cat",
        "my shop is kat.example.com",
        "t.me/somebody",
        "me\uff20example\uff0eorg",
        "me [at] mail dot org",
        "john.smith at mail dot org",
        "the router 192.168.0.17",
        "-----BEGIN RSA PRIVATE KEY-----",
        "mfa.VkO_2G4Qv3T--NO--lWetW_tjND--QFTm6YGtzq9PH--tG0",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "MTA1MjM0NTY3ODkwMTIzNDU2Nzg5.GaBcDe.abcdefghijklmnopqrstuvwxyz0123",
    ],
)
def test_is_kept_back(text: str) -> None:
    assert may_identify(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "None",
        "007",
        "2024-01-01",
        "a cat, 8k, 35mm, f/1.8, 1/1000 s",
        "(masterpiece:1.3), [blurry], 1girl, 1920x1080",
        "in the style of Vincent van Gogh, 1889-1890",
        "Donaudampfschifffahrtsgesellschaft in 1920",
        "a red-and-white-striped-lighthouse-by-the-sea",
        "a look at a white dot on black, ink and/or pencil, v1.5, St.Petersburg",
        "a-3d-render-of-a-1920s-car-in-4k-h264-resolution",
        "C# code on a screen, #art",
    ],
)
def test_is_published(text: str) -> None:
    assert not may_identify(text)
