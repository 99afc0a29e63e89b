"""A responder at the API of a deployed stage: assumes a group's role, signs, asks, answers.

The session's name is the person, so the timeline names who acted; nothing here has more rights
than that group has.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tocsin.errors import RemoteError, Unavailable
from tocsin.local.look.people import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.local.look.clients import Clients

_SECONDS = 60.0
_LARGEST_PAGE = 200
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said; `body` is its JSON, a problem document when `status` is an error."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """One person's signed access to `/v1`."""

    name: str
    api_url: str
    region: str
    credentials: Credentials

    @classmethod
    def sign_in(
        cls, clients: Clients, outputs: Mapping[str, Any], name: str, group: str = "responder"
    ) -> Person:
        """Assumes the role of a group of the stage under a session named `name`."""
        responders = str(
            outputs["responder_role_arn"]
        )  # ...:role/tocsin-<stage>-responder-<region>
        keys = sign_in(clients, responders.replace("-responder-", f"-{group}-"), name)
        credentials = Credentials(keys.access, keys.secret, keys.token)
        return cls(name, outputs["api_url"], outputs["region"], credentials)

    def incident(self, incident: str) -> dict[str, Any]:
        return self.read(f"/v1/incidents/{incident}")

    def clocks(self, incident: str) -> dict[str, Any]:
        """`now` and the clocks by name."""
        body = self.read(f"/v1/incidents/{incident}/clocks")
        return {**body, "clocks": {clock["clock"]: clock for clock in body["clocks"]}}

    def timeline(self, incident: str) -> list[dict[str, Any]]:
        """Every entry, in order."""
        entries: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.read(f"/v1/incidents/{incident}/timeline", after=str(after))
            entries += page["entries"]
            after = page["next"]
        return entries

    def board(self) -> Iterator[dict[str, Any]]:
        """Open incidents, newest first."""
        cursor: str | None = None
        while True:
            query = {"limit": str(_LARGEST_PAGE)} | ({"cursor": cursor} if cursor else {})
            page = self.read("/v1/incidents", **query)
            yield from page["incidents"]
            cursor = page["next"]
            if cursor is None:
                return

    def command(self, incident: str, verb: str, body: Mapping[str, Any], *, key: str) -> Answer:
        """Sends one command under an idempotency key; a refusal is an answer too."""
        path = f"/v1/incidents/{incident}/{verb}"
        return self._call("POST", path, json.dumps(dict(body)), {"Idempotency-Key": key})

    def post(self, path: str, body: Mapping[str, Any], *, key: str) -> Answer:
        """Sends anything else under an idempotency key; a refusal is an answer too."""
        return self._call("POST", path, json.dumps(dict(body)), {"Idempotency-Key": key})

    def read(self, path: str, **query: str) -> dict[str, Any]:
        """The body of a successful GET.

        Raises:
            RemoteError: the API refused.
            Unavailable: it did not answer.
        """
        answer = self._call("GET", f"{path}?{urlencode(query)}" if query else path)
        if answer.status >= _FIRST_ERROR:
            raise RemoteError(f"GET {path}: {answer.status} {answer.body}", status=answer.status)
        return answer.body

    def _call(
        self,
        method: str,
        path: str,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        url = self.api_url + path
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
        if body:
            request.headers["Content-Type"] = "application/json"
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        split = urlsplit(url)
        connection = http.client.HTTPConnection(split.netloc, timeout=_SECONDS)
        try:
            target = split.path + (f"?{split.query}" if split.query else "")
            connection.request(method, target, body.encode() or None, dict(request.headers))
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as problem:
            raise Unavailable(f"{method} {path}: {problem}") from problem
        finally:
            connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, _document(text), found)


def _document(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text or b"{}")
    except json.JSONDecodeError:
        return {"text": text[:200].decode(errors="replace")}
    return body if isinstance(body, dict) else {"value": body}
