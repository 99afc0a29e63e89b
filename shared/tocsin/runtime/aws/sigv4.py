"""AWS Signature Version 4, for the one shape of request that Tocsin's own calls have.

A POST with a known set of headers: what is the same in every request is prepared once, and
the key, which is derived anew each day, is kept for its day. botocore's general signer computes
the same signature (it is the oracle in the tests) in five times the time, and importing it is
most of a cold start.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """What the signer reads of the execution role's credentials."""

    access_key: str
    secret_key: str
    token: str | None


class Signer:
    """Signs POSTs to one place. Safe for several threads: what it keeps is replaced whole."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        service: str,
        region: str,
        host: str,
        content_type: str,
        targeted: bool = True,
        always: Mapping[str, str] | None = None,
    ) -> None:
        """`host` as it is in the Host header: with its port, unless that is the scheme's own.

        `targeted` says whether requests carry `X-Amz-Target`. `always` are headers that all carry,
        whose names sort between `X-Amz-Date` and `X-Amz-Target`.
        """
        self._access_key, self._secret, token = credentials
        self._service, self._region = service, region
        self._fixed = {"Content-Type": content_type, "Host": host}
        signed = ["content-type", "host", "x-amz-date"]
        self._between = ""
        more = {**(always or {}), **({"X-Amz-Security-Token": token} if token else {})}
        for name, value in sorted(more.items()):
            self._fixed[name] = value
            self._between += f"\n{name.lower()}:{value}"
            signed.append(name.lower())
        if targeted:
            self._between += "\nx-amz-target:"
            signed.append("x-amz-target")
        self._signed = ";".join(signed)
        self._before = f"\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:"
        self._day = ("", "", b"")  # date, scope, key

    def headers(
        self, target: str | None, body: bytes, *, at: float, path: str = "/"
    ) -> dict[str, str]:
        """The headers of a request, signature included; `at` in epoch seconds.

        `path` as it is in the request line, escaped once; the signature escapes it again.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        date, scope, key = self._day
        if date != stamp[:8]:
            date, scope, key = self._day = self._of_day(stamp[:8])
        canonical = (
            f"POST\n{quote(path, safe='/~')}{self._before}{stamp}{self._between}{target or ''}\n\n"
            f"{self._signed}\n{hashlib.sha256(body).hexdigest()}"
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        named = {"X-Amz-Target": target} if target is not None else {}
        return {
            **self._fixed,
            **named,
            "X-Amz-Date": stamp,
            "Authorization": f"{_ALGORITHM} Credential={self._access_key}/{scope}, "
            f"SignedHeaders={self._signed}, Signature={signature}",
        }

    def _of_day(self, date: str) -> tuple[str, str, bytes]:
        key = f"AWS4{self._secret}".encode()
        for part in (date, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return date, f"{date}/{self._region}/{self._service}/aws4_request", key
