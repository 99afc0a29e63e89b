"""A meter on the wire between a function and DynamoDB: calls, and the units that each one consumed.

It asks DynamoDB to report the capacity and signs the call anew, so the function under it is the one
that is deployed, unchanged. A refused conditional write is billed like a write of the item, but not
reported; to learn its price, the meter puts the same item once more, without the condition, or
updates the refused item by nothing.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
_REGION = "us-east-1"
_REFUSED = "ConditionalCheckFailedException"


@dataclass(slots=True)
class Reading:
    """What went over the wire to DynamoDB since the last `reset`."""

    calls: int = 0
    write_units: float = 0.0
    read_units: float = 0.0

    def plain(self) -> dict[str, float]:
        return {
            "calls": self.calls,
            "write_units": self.write_units,
            "read_units": self.read_units,
        }


class Meter:
    """Forwards AWS JSON calls to `endpoint` and keeps count of those to DynamoDB."""

    def __init__(self, endpoint: str, *, key: str) -> None:
        self._endpoint = endpoint.rstrip("/") + "/"
        self._credentials = Credentials(key, key)
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30))
        self._reading = Reading()

    def take(self) -> Reading:
        """The reading since the last time, and start anew."""
        taken, self._reading = self._reading, Reading()
        return taken

    def forward(self, target: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        """The answer to one call: status and body."""
        service, _, operation = target.partition(".")
        if not service.startswith("DynamoDB"):
            return self._send("secretsmanager", target, content_type, body)
        asked = json.loads(body) | {"ReturnConsumedCapacity": "TOTAL"}
        status, answer = self._send("dynamodb", target, content_type, json.dumps(asked).encode())
        document = json.loads(answer or b"{}")
        self._reading.calls += 1
        if status != 200 and _REFUSED in str(document.get("__type")):
            self._count(operation, self._price_of(operation, target, content_type, asked))
        else:
            self._count(operation, document.get("ConsumedCapacity", []))
        return status, answer

    def _price_of(self, operation: str, target: str, content_type: str, asked: Any) -> Any:
        if operation == "UpdateItem":
            kept = ("TableName", "Key", "ReturnConsumedCapacity")
            # Takes away what is never there: nothing changes, and the item's size is billed.
            plain = {name: asked[name] for name in kept} | {
                "UpdateExpression": "REMOVE #never",
                "ConditionExpression": "attribute_exists(#key)",
                "ExpressionAttributeNames": {"#never": "never-there", "#key": min(asked["Key"])},
            }
        elif operation == "PutItem":
            condition = (
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
            )
            plain = {name: value for name, value in asked.items() if name not in condition}
        else:
            raise RuntimeError(f"no way to learn the price of a refused {operation}")
        _, answer = self._send("dynamodb", target, content_type, json.dumps(plain).encode())
        # Where there is no item to be billed by its size, a refusal costs the least there is.
        return json.loads(answer).get("ConsumedCapacity", {"CapacityUnits": 1.0})

    def _count(self, operation: str, consumed: Any) -> None:
        reported = consumed if isinstance(consumed, list) else [consumed]
        units = sum(float(table["CapacityUnits"]) for table in reported)
        if operation in READS:
            self._reading.read_units += units
        else:
            self._reading.write_units += units

    def _send(self, service: str, target: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": content_type, "X-Amz-Target": target}
        request = AWSRequest(method="POST", url=self._endpoint, data=body, headers=headers)
        SigV4Auth(self._credentials, service, _REGION).add_auth(request)
        answer = self._pool.request(
            "POST", self._endpoint, body=body, headers=dict(request.headers)
        )
        return answer.status, answer.data


@contextlib.contextmanager
def listening(meter: Meter) -> Iterator[str]:
    """The endpoint under which the meter answers."""

    class Wire(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.headers["Content-Type"]
            status, answer = meter.forward(self.headers["X-Amz-Target"], kind, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
            """Say nothing: the benchmark's table is the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Wire)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
