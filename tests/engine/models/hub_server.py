"""A hub on the loopback: what huggingface_hub asks for when it brings a repository here, and what it was asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from urllib.parse import unquote

Files = Mapping[str, bytes]


@dataclass
class Hub:
    """Repositories by id; a revision is a name for files, and may come to name others.

    asked: the files that were asked for, as paths inside their repositories.
    dropped: files whose answers break off half way.
    gated: repositories whose files are only for those who agreed to something.
    """

    url: str = ""
    revisions: dict[tuple[str, str], Files] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)

    def publish(self, repository: str, revision: str, files: Files) -> None:
        """Let a revision of a repository be these files."""
        self.revisions[repository, revision] = self.revisions[repository, commit_of(files)] = MappingProxyType(files)


def commit_of(files: Files) -> str:
    """Return the name of the commit that holds these files."""
    return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve an empty hub on a free port of the loopback; its `url` is what HF_ENDPOINT takes."""
    hub = Hub()

    class Bound(_Answers):
        served = hub

    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Answers(BaseHTTPRequestHandler):
    """Answers `api/models/ID/revision/REVISION`, `api/models/ID/tree/REVISION` and `ID/resolve/REVISION/PATH`."""

    protocol_version = "HTTP/1.1"
    served: Hub

    def do_GET(self) -> None:
        words = unquote(self.path.partition("?")[0]).strip("/").split("/")
        match words:
            case ["api", "models", owner, name, question, revision]:
                self._tell(f"{owner}/{name}", revision, question)
            case [owner, name, "resolve", revision, *path]:
                self._hand_out(f"{owner}/{name}", revision, "/".join(path))
            case _:
                self._send(404, b"{}", {})

    do_HEAD = do_GET  # noqa: N815  the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def _tell(self, repository: str, revision: str, question: str) -> None:
        files = self.served.revisions.get((repository, revision))
        if files is None:
            known = any(one == repository for one, _ in self.served.revisions)
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})
            return
        tree = [
            {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}
            for path, content in files.items()
        ]
        siblings = [{"rfilename": path} for path in files]
        told = tree if question == "tree" else {"id": repository, "sha": commit_of(files), "siblings": siblings}
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _hand_out(self, repository: str, revision: str, path: str) -> None:
        self.served.asked.append(path)
        if repository in self.served.gated:
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
            return
        files = self.served.revisions[repository, revision]
        content = files[path]
        headers = {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": commit_of(files)}
        self.close_connection = path in self.served.dropped
        self._send(200, content, headers, len(content) // 2 if self.close_connection else None)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], end: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:end])


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
