#!/usr/bin/env bash
# obstore 0.12.1, seen 2026-11-29.
#
# S3Store reads its settings from the environment, also those of its HTTP client: with AWS_ALLOW_HTTP=true it takes an
# endpoint at a plain-HTTP address. As soon as `client_options` are given, whichever they are, those of the environment
# are gone: a timeout alone makes the same store refuse the same address. The settings that are not the client's, such
# as keys and region, still come from the environment.
#
# Output seen:
#   without client options: answered
#   with a timeout: refused (BadScheme), while the environment allows HTTP
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check obstore==0.12.1
AWS_ALLOW_HTTP=true AWS_ACCESS_KEY_ID=somebody AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1 venv/bin/python - <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from obstore.exceptions import BaseError
from obstore.store import S3Store


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in (("Content-Length", "5"), ("ETag", '"1"'), ("Last-Modified", "Sun, 29 Nov 2026 00:00:00 GMT")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Keep the output short."""


service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{service.server_address[1]}"


def read(**options: object) -> str:
    try:
        S3Store("pictures", endpoint=endpoint, **options).get("one").bytes()
    except BaseError as error:
        return "refused (BadScheme)" if "BadScheme" in str(error) else f"failed: {error}"
    return "answered"


plain, with_timeout = read(), read(client_options={"timeout": "5s"})
print("without client options:", plain)
print("with a timeout:", f"{with_timeout}, while the environment allows HTTP")
sys.exit(0 if (plain, with_timeout) == ("answered", "refused (BadScheme)") else 1)
PYTHON
