"""Calls Tocsin's own HTTP API as a person: signed, bounded, errors of the tree.

For the command line and drills, never for a function. A POST carries an idempotency key, so a try
whose answer was lost may be repeated without doing anything twice.
"""

from __future__ import annotations

import http.client
import json
import os
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from tocsin.errors import BadInput, RemoteError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = urllib3.Timeout(connect=5, read=35)
_TRIES = 3
LONGEST_NAME = 256
"""Characters of a name in a path, as the API takes it."""
_OK = range(200, 300)
_AGAIN = (429, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The API at `url`, called with one person's credentials."""

    url: str
    region: str
    credentials: Credentials
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=_TIMEOUT)
    )

    def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        """A document; query values that are None are left out.

        Raises:
            RemoteError: the API answered with an error.
            Unavailable: nothing answered.
        """
        return self._send("GET", _with(path, query), None, {})

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        if_version: int | None = None,
        **query: str | None,
    ) -> dict[str, Any]:
        """The document a command led to. Without `key` this call is a wish of its own.

        `if_version` is the version the caller has seen; None: whatever it is by now.

        Raises:
            RemoteError: the API answered with an error.
            Unavailable: nothing answered; the command may have been done all the same.
        """
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key or str(uuid.uuid4()),
        }
        if if_version is not None:
            headers["If-Match"] = f'"{if_version}"'
        return self._send("POST", _with(path, query), json.dumps(body).encode(), headers)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        url = self.url.rstrip("/") + path
        tries = 0
        while True:
            tries += 1
            try:
                answer = self.pool.request(
                    method, url, body=body, headers=self._signed(method, url, body, headers)
                )
            except urllib3.exceptions.HTTPError as error:
                if tries == _TRIES:
                    where = urlsplit(url).netloc
                    raise Unavailable(f"no answer from {where}: {type(error).__name__}") from error
                continue
            if answer.status not in _AGAIN or tries == _TRIES:
                return _document(answer.status, answer.data)

    def _signed(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, str]:
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}


def _with(path: str, query: Mapping[str, str | int | None]) -> str:
    wanted = {name: value for name, value in query.items() if value is not None}
    return path + (f"?{urlencode(wanted)}" if wanted else "")


def segment(text: str) -> str:
    """One piece of a path, such as an incident's id, that cannot reach beyond itself.

    Raises:
        BadInput: no id or name is written like this.
    """
    if not text or len(text) > LONGEST_NAME or not text.isprintable() or "/" in text:
        raise BadInput(f"{text[:64]!r} is no id and no name")
    return quote(text, safe="")


def default_credentials() -> Credentials:
    """What AWS's usual chain finds: environment, profile, single sign-on, role.

    Raises:
        BadInput: it finds nothing.
    """
    found = Session().get_credentials()
    if found is None:
        raise BadInput("no AWS credentials: sign in, or name a profile with AWS_PROFILE")
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)


def session_credentials(access_key: str, secret_key: str, token: str | None) -> Credentials:
    """Credentials of a session somebody signed in to."""
    return Credentials(access_key, secret_key, token)


def region_of(url: str) -> str:
    """The region of an API's address; elsewhere that of the environment.

    Raises:
        BadInput: neither names one.
    """
    labels = (urlsplit(url).hostname or "").split(".")
    if "execute-api" in labels[:-1]:
        return labels[labels.index("execute-api") + 1]
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise BadInput("this API's address names no region: set AWS_REGION")
    return region


def _document(status: int, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        found = {}
    document: dict[str, Any] = found if isinstance(found, dict) else {"answer": found}
    if status in _OK:
        return document
    said = document.get("detail") or document.get("message") or document.get("Message")
    if "code" not in document and status == http.client.FORBIDDEN:
        said = "your group may not do this, or your credentials are of no person here"
    raise RemoteError(
        str(said or f"the API answered {status}"),
        answered=str(document.get("code", f"http_{status}")),
        status=status,
    )
