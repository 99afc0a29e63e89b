"""The strict AWS before moto: in its server, and where it plays the wire in this process."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.harness.strict_aws import findings
from tests.harness.strict_aws.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_STUBBER = "moto.core.botocore_stubber"


def before_the_stubber() -> None:
    """Puts the check before what answers botocore in this process, once it has been imported."""
    module = sys.modules.get(_STUBBER)
    if module is None or getattr(module, "strict", False):
        return
    module.strict = True  # type: ignore[attr-defined]
    stubber: Any = module.BotocoreStubber
    process = stubber.process_request

    def checked(self: Any, request: Any) -> Any:
        verdict = findings.judge(prepared(request))
        if verdict is not None:
            return verdict.answer
        return process(self, request)

    stubber.process_request = checked


def prepared(request: Any) -> Request:
    """What botocore is about to send."""
    body = request.body or b""
    if isinstance(body, dict):
        body = urlencode(body)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes | bytearray):
        body = getattr(body, "_raw", body)  # of what botocore sends in chunks
        at = body.tell()
        body, _ = body.read(), body.seek(at)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return Request(request.method, request.url, headers, bytes(body))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def before_the_server(answer: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application with the check before it."""

    def checked(environ: Any, start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        }
        url = f"http://{headers.get('host', '')}{environ.get('RAW_URI') or environ['PATH_INFO']}"
        if "RAW_URI" not in environ and environ.get("QUERY_STRING"):
            url += f"?{environ['QUERY_STRING']}"
        verdict = findings.judge(Request(environ["REQUEST_METHOD"], url, headers, body))
        if verdict is None:
            return answer(environ, start_response)
        refused = verdict.answer
        start_response(f"{refused.status} Refused", list(refused.headers.items()))
        return [refused.body]

    return checked
