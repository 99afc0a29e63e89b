"""One call of a running sandbox's own controls; standard library only."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tocsin.errors import ProviderUnavailable

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

_PATIENCE: Final = 90.0


def ask(url: str, method: str, path: str, given: Json | None = None) -> Json:
    """What the sandbox at `url` answers.

    Raises:
        ProviderUnavailable: it does not answer, or refuses.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_PATIENCE)
    try:
        body = json.dumps(given) if given is not None else None
        connection.request(method, f"/_sandbox{path}", body)
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as problem:
        raise ProviderUnavailable(f"sandbox at {url}: {problem}") from problem
    finally:
        connection.close()
    if status != http.client.OK:
        raise ProviderUnavailable(f"sandbox refused {method} {path}: {text.decode()}")
    result: Json = json.loads(text)
    return result
