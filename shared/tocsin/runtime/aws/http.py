"""One signed call to an AWS JSON service, without a client.

The webhook path makes one kind of call, and building a whole boto3 client for it is most of a cold
start. This keeps what a client is needed for: a signature, kept connections, timeouts, a checked
response, bounded retries with jitter, and errors of Tocsin's tree. It is for DynamoDB, Secrets
Manager and SQS, whose JSON protocol is `X-Amz-Target` plus a document.

A retry may follow a call whose answer was lost after it took effect: callers make writes
conditional, so that the second one is seen as a repetition.
"""

from __future__ import annotations

import json
import os
import random
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.errors import (
    ConditionFailed,
    InvalidSettings,
    QueueUnavailable,
    SecretUnavailable,
    StoreUnavailable,
)
from tocsin.runtime.aws.connection import BROKEN, Place
from tocsin.runtime.aws.sigv4 import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.errors import Unavailable

THROTTLES = frozenset(
    {
        "InternalServerError",
        "InternalServiceError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Error codes that ask for another try; every 5xx and 429 does too, whatever its code."""


_CANCELLED = "TransactionCanceledException"
_UNMET = frozenset({"ConditionalCheckFailed"})
_RACED = frozenset({"None", "TransactionConflict", "ThrottlingError"})
"""Reasons for which a cancelled transaction may succeed when it is sent again as it is."""


class _Service(NamedTuple):
    target: str
    content_type: str
    failure: type[Unavailable]


_SERVICES = {
    "dynamodb": _Service("DynamoDB_20120810", "application/x-amz-json-1.0", StoreUnavailable),
    "secretsmanager": _Service("secretsmanager", "application/x-amz-json-1.1", SecretUnavailable),
    "sqs": _Service("AmazonSQS", "application/x-amz-json-1.0", QueueUnavailable),
}
_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once, not per call
_ENDPOINT_VARIABLE = {"secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may try. Seconds.

    The defaults end within 4.5 s, before Razorpay counts a delivery as timed out (5 s).
    """

    attempts: int = 4
    connect: float = 0.5
    read: float = 1.5
    base_delay: float = 0.05
    longest_delay: float = 0.8
    deadline: float = 2.5  # no attempt starts later than this after the first


class AwsHttp:
    """Calls of one service. Safe to keep for the life of an execution environment."""

    def __init__(
        self,
        service: str,
        *,
        endpoint: str,
        region: str,
        credentials: Credentials,
        patience: Patience = Patience(),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = _SERVICES[service]
        self._place = Place(endpoint, connect=patience.connect, read=patience.read)
        self._signer = Signer(
            credentials,
            service=service,
            region=region,
            host=self._place.host,
            content_type=self._service.content_type,
        )
        self._patience = patience
        self._sleep, self._jitter, self._monotonic = sleep, jitter, monotonic

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        """The service's answer to one operation, as its JSON document.

        Raises:
            ConditionFailed: a conditional write found the item otherwise; never retried. Of a
                transaction `item` holds the `CancellationReasons`, one for each of its parts.
            Unavailable: the leaf of the service (`StoreUnavailable`, ...), when every attempt
                failed or the service refused; `context` names operation, code and attempts, and of
                a cancelled transaction the reasons, part by part.
        """
        body = _encode(payload).encode()
        started = self._monotonic()
        code = "no_attempt"
        answer: dict[str, Any] = {}
        for attempt in range(1, self._patience.attempts + 1):
            status, code, answer = self._attempt(operation, body)
            if status == 200:  # noqa: PLR2004 - the one status of success in this protocol
                return answer
            if code == "ConditionalCheckFailedException":
                raise ConditionFailed(answer.get("Item"))
            if code == _CANCELLED and any(each in _UNMET for each in _reasons(answer)):
                raise ConditionFailed(answer)
            again = _may_help(status, code, answer)
            delay = self._delay(attempt)
            late = self._monotonic() + delay - started > self._patience.deadline
            if not again or late or attempt == self._patience.attempts:
                break
            self._sleep(delay)
        failure = self._service.failure(
            f"{operation} failed: {code}.", operation=operation, reason=code, attempts=attempt
        )
        if reasons := _reasons(answer):
            failure.context["cancelled"] = ",".join(reasons)
        raise failure

    def _delay(self, attempt: int) -> float:
        ceiling = min(self._patience.longest_delay, self._patience.base_delay * 2**attempt)
        return float(self._jitter() * ceiling)

    def _attempt(self, operation: str, body: bytes) -> tuple[int, str, dict[str, Any]]:
        """(HTTP status, error code, document); status 0 when no sound answer came back."""
        target = f"{self._service.target}.{operation}"
        try:
            response = self._place.post(self._signer.headers(target, body, at=time.time()), body)
            answer = json.loads(_checked(response.body, response.crc32))
        except (*BROKEN, ValueError) as error:
            return 0, type(error).__name__, {}
        if not isinstance(answer, dict):
            return 0, "not_a_document", {}
        return response.status, _error_code(answer, response.status), answer


def _may_help(status: int, code: str, answer: Mapping[str, Any]) -> bool:
    """Whether the same call may succeed when it is sent again."""
    if reasons := _reasons(answer):
        return _RACED.issuperset(reasons)
    return status in {0, 429} or status >= 500 or code in THROTTLES  # noqa: PLR2004 - HTTP


def _reasons(answer: Mapping[str, Any]) -> list[str]:
    """Why a transaction was cancelled, part by part; nothing for any other answer."""
    return [str(each.get("Code")) for each in answer.get("CancellationReasons", [])]


def _checked(data: bytes, crc32: str | None) -> bytes:
    if crc32 is not None and int(crc32) != zlib.crc32(data):
        raise ValueError("the answer was damaged on its way")
    return data or b"{}"


def _error_code(answer: Mapping[str, object], status: int) -> str:
    text = str(answer.get("__type") or answer.get("code") or f"http_{status}")
    return text.rpartition("#")[2].partition(":")[0]


def from_environment(
    service: str, environ: Mapping[str, str] | None = None, *, patience: Patience | None = None
) -> AwsHttp:
    """A caller with the execution role's credentials, for the function's own Region.

    `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL` are honoured, in this order.

    Raises:
        InvalidSettings: the environment names no Region or holds no credentials.
    """
    env = os.environ if environ is None else environ
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    key, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if not region or not key or not secret:
        raise InvalidSettings("AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed")
    variable = _ENDPOINT_VARIABLE.get(service, f"AWS_ENDPOINT_URL_{service.upper()}")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return AwsHttp(
        service,
        endpoint=env.get(variable)
        or env.get("AWS_ENDPOINT_URL")
        or f"https://{service}.{region}.{suffix}",
        region=region,
        credentials=Credentials(key, secret, env.get("AWS_SESSION_TOKEN") or None),
        patience=patience or Patience(),
    )
