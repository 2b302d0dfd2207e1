"""What members give as an address is fetched from the public internet alone, and never without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from yarl import URL

from engine.contract.uploads import UploadFault, UploadRefused
from engine.uploads.addresses import is_public
from engine.uploads.fetch import FetchLimits, fetch

LIMITS = FetchLimits(max_bytes=1000, timeout=timedelta(seconds=5))
PICTURE = b"whatever it is"


@pytest.fixture
async def server() -> AsyncIterator[URL]:
    """The origin of a server in the private network, which a test allows or does not."""

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 100)

    async def silent(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"x")
        await asyncio.sleep(60)
        return answer

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    async def picture(request: web.Request) -> web.Response:
        assert "Cookie" not in request.headers and "Authorization" not in request.headers
        answer = web.Response(body=PICTURE, content_type="text/html", headers={"Content-Encoding": "gzip"})
        answer.set_cookie("who", "you")
        return answer

    app = web.Application()
    app.router.add_get("/endless.png", endless)
    app.router.add_get("/silent.png", silent)
    app.router.add_get("/moved.png", moved)
    app.router.add_get("/picture.png", picture)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield URL(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def fault_of(address: str, *origins: str, limits: FetchLimits = LIMITS) -> UploadFault:
    """Return why the address is refused."""
    with pytest.raises(UploadRefused) as refused:
        await fetch(address, origins=frozenset(origins), limits=limits)
    return refused.value.fault


async def test_an_allowed_origin_is_fetched_as_it_is(server: URL) -> None:
    """Nothing is unpacked or believed, redirects within it are followed, and no cookie is sent back."""
    near = "/moved.png?to=/picture.png"
    for path in ("/picture.png", near, f"/moved.png?to={server}/picture.png"):
        assert await fetch(f"{server}{path}", origins=frozenset({str(server)}), limits=LIMITS) == PICTURE


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0.0.0.0"]
)
async def test_a_private_address_is_refused_however_it_is_written(server: URL, host: str) -> None:
    """Also where a name resolves to it; an allowed origin is one of scheme, host and port."""
    address = f"http://{host}:{server.port}/picture.png"
    assert await fault_of(address, f"http://{host}:1", f"https://{host}:{server.port}") is UploadFault.PRIVATE


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/a.png", "http://localhost/a.png", "http://169.254.169.254/a"])
async def test_a_redirect_into_a_private_network_is_refused(server: URL, target: str) -> None:
    """An allowed origin cannot pass its permission on."""
    assert await fault_of(f"{server}/moved.png?to={target}", str(server)) is UploadFault.PRIVATE


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/endless.png", UploadFault.TOO_LARGE),
        ("/silent.png", UploadFault.SLOW),
        ("/moved.png?to=/moved.png?to=/picture.png", UploadFault.REDIRECTS),
        ("/moved.png?to=file:///etc/passwd", UploadFault.NOT_HTTP),
        ("/moved.png?to=http://me:secret@127.0.0.1/a.png", UploadFault.HAS_LOGIN),
        ("/nothing.png", UploadFault.MISSING),
    ],
)
async def test_a_server_that_does_not_end_is_left(server: URL, path: str, fault: UploadFault) -> None:
    """Bytes, time and redirects have a limit."""
    patience = timedelta(seconds=0.5 if fault is UploadFault.SLOW else 5)
    limits = FetchLimits(max_bytes=1000, timeout=patience, max_redirects=1)
    assert await fault_of(f"{server}{path}", str(server), limits=limits) is fault


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("ftp://example.com/a.png", UploadFault.NOT_HTTP),
        ("http:///a.png", UploadFault.NOT_HTTP),
        ("http://[::1/a.png", UploadFault.NOT_HTTP),
        ("http://me@example.com/a.png", UploadFault.HAS_LOGIN),
        ("http://nobody.invalid/a.png", UploadFault.UNREACHABLE),
    ],
)
async def test_what_is_no_address_is_refused(address: str, fault: UploadFault) -> None:
    """Nothing is connected to."""
    assert await fault_of(address) is fault


PRIVATE = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:a00:1::1",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_outside_the_public_internet_is_known(address: str) -> None:
    """Whatever it is written as, and whatever it stands for."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_known(address: str) -> None:
    """And one that only carries it."""
    assert is_public(address)
