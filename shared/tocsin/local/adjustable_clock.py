"""Incident time that a drill may move, for the local and drill stages only.

The offset lives in one SSM parameter, in whole seconds, so that every function of a stage jumps
together and a test can prove what four hours do in four seconds. The module is left out of
production bundles, and nothing there names the parameter: production cannot move its clock.

Only botocore's signer is imported, not a client: some bundles carry no SSM model. The class gives
incident time and nothing else; signatures, leases and links keep asking the `WallClock`.
"""

from __future__ import annotations

import http.client
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tocsin.errors import ClockUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMEOUT_SECONDS = 3
_MILLISECOND = timedelta(milliseconds=1)


class AdjustableClock:
    """An `IncidentClock` that runs with the real one, moved by the stage's offset.

    The offset is read by `begin()`, once per invocation, and holds until the next: all that one
    invocation writes carries one consistent time line.
    """

    def __init__(
        self,
        parameter: str,
        *,
        read: Callable[[str], int] | None = None,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        self._parameter = parameter
        self._read = read or read_offset
        self._wall = wall or _utc_now
        self._offset: timedelta | None = None

    def begin(self) -> None:
        """Reads the offset anew.

        Raises:
            ClockUnavailable: the parameter cannot be read; a wrong time would be worse than none.
        """
        self._offset = timedelta(seconds=self._read(self._parameter))

    def incident_now(self) -> datetime:
        """Incident time, UTC, whole milliseconds."""
        if self._offset is None:
            self.begin()
        moved = self._wall() + (self._offset or timedelta())
        return moved - (timedelta(microseconds=moved.microsecond) % _MILLISECOND)


class AheadClock:
    """The `WallClock` of checkouts and outage rules, `seconds` ahead of the real one."""

    def __init__(self, seconds: int, *, wall: Callable[[], datetime] | None = None) -> None:
        self._ahead, self._wall = timedelta(seconds=seconds), wall or _utc_now

    def wall_now(self) -> datetime:
        """UTC, whole milliseconds."""
        moved = self._wall() + self._ahead
        return moved - (timedelta(microseconds=moved.microsecond) % _MILLISECOND)


def read_offset(parameter: str, environ: Mapping[str, str] | None = None) -> int:
    """The stage's offset in whole seconds, with the credentials a function runs under.

    Raises:
        ClockUnavailable: SSM did not answer, refused, or holds something else than a number.
    """
    environment = os.environ if environ is None else environ
    try:
        status, body = _post(_signed_request(parameter, environment))
        if status != http.client.OK:
            raise ClockUnavailable(f"SSM answered {status} for {parameter}")
        return int(json.loads(body)["Parameter"]["Value"])
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise ClockUnavailable(f"cannot read {parameter}: {type(error).__name__}") from error


def _signed_request(parameter: str, environ: Mapping[str, str]) -> AWSRequest:
    region = environ["AWS_REGION"]
    endpoint = (
        environ.get("AWS_ENDPOINT_URL_SSM")
        or environ.get("AWS_ENDPOINT_URL")
        or f"https://ssm.{region}.amazonaws.com"
    )
    request = AWSRequest(
        method="POST",
        url=f"{endpoint.rstrip('/')}/",
        data=json.dumps({"Name": parameter}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonSSM.GetParameter",
        },
    )
    credentials = Credentials(
        environ["AWS_ACCESS_KEY_ID"],
        environ["AWS_SECRET_ACCESS_KEY"],
        environ.get("AWS_SESSION_TOKEN") or None,
    )
    SigV4Auth(credentials, "ssm", region).add_auth(request)
    return request


def _post(request: AWSRequest) -> tuple[int, bytes]:
    url = urlsplit(str(request.url))
    secure = url.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/", body=request.data, headers=dict(request.headers.items()))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _utc_now() -> datetime:
    return datetime.now(UTC)
