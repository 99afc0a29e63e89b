"""An AWS that answers at once: what is measured against it is the caller's own work.

It runs in the benchmark's process, so its time is on nobody's bill but the benchmark's own.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextlib.contextmanager
def stub_aws(secrets: Mapping[str, str], *, certificate: Path) -> Iterator[str]:
    """The endpoint of a server that has the `secrets` and stores whatever it is told to.

    It speaks TLS with the key and certificate of the file, as AWS would.
    """

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet, or the client waits for nothing
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            document: dict[str, str] = {}
            if self.headers["X-Amz-Target"].endswith("GetSecretValue"):
                document = {"SecretString": secrets[json.loads(asked)["SecretId"]]}
            answer = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("x-amz-crc32", str(zlib.crc32(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
            """Say nothing: the benchmark's table is the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
