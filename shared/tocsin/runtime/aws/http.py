"""One signed call to an AWS service, without a client.

The webhook path makes one kind of call, and building a whole boto3 client for it is most of a cold
start. This keeps what a client is needed for: a signature, kept connections, timeouts, a checked
response, bounded retries with jitter, and errors of Tocsin's tree. `wire` knows the services.

A retry may follow a call whose answer was lost after it took effect: callers make writes
conditional, so that the second one is seen as a repetition.
"""

from __future__ import annotations

import os
import random
import time
import zlib
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.errors import (
    ConditionFailed,
    InvalidSettings,
    StoreRefused,
    StoreUnavailable,
)
from tocsin.runtime.aws.connection import BROKEN, ConnectionPool
from tocsin.runtime.aws.sigv4 import Credentials, Signer
from tocsin.runtime.aws.wire import ENDPOINTS, WIRES, error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.errors import TocsinError
    from tocsin.runtime.aws.connection import Answer
    from tocsin.runtime.aws.wire import Request

THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalServerError",
        "InternalServiceError",
        "KMSThrottling",
        "KmsThrottled",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes that ask for another try; every 5xx and 429 does too, whatever its code."""


_REFUSED = frozenset({"ValidationException", "SerializationException"})
_CANCELLED = "TransactionCanceledException"
_UNMET = frozenset({"ConditionalCheckFailed"})
_RACED = frozenset(
    {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
"""Reasons for which a cancelled transaction may succeed when it is sent again as it is."""

_AT_FAULT = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
"""Reasons that lie in the transaction itself. All of them are in the API Reference of DynamoDB,
TransactWriteItems, under TransactionCanceledException."""


_ENDPOINT_VARIABLE = {
    "lambda_event": "AWS_ENDPOINT_URL_LAMBDA",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}
_TARGETED = frozenset({"codepipeline", "dynamodb", "events", "monitoring", "secretsmanager", "sqs"})


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
        self._wire = WIRES[service]
        self._pool = ConnectionPool(endpoint, connect=patience.connect, read=patience.read)
        self._signer = Signer(
            credentials,
            service=self._wire.signed_as,
            region=region,
            host=self._pool.host,
            content_type=self._wire.content_type,
            targeted=service in _TARGETED,
            always=self._wire.always,
        )
        self._patience = patience
        self._within: float | None = None
        self._sleep, self._jitter, self._monotonic = sleep, jitter, monotonic

    def hasty(self, patience: Patience) -> AwsHttp:
        """The same caller over the same connections, with less patience."""
        other = copy(self)
        vars(other).update(_patience=patience, _within=patience.read)
        return other

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        """The service's answer to one operation, as its JSON document.

        Raises:
            ConditionFailed: a conditional write found the item otherwise; never retried. Of a
                transaction `item` holds the `CancellationReasons`, one for each of its parts.
            StoreRefused: DynamoDB finds fault with the request itself, a key too long for instance.
            Unavailable: the leaf of the service (`StoreUnavailable`, ...), when every attempt
                failed or the service refused; `context` names operation, code and attempts, and of
                a cancelled transaction the reasons, part by part.
        """
        request = self._wire.request(operation, payload)
        started = self._monotonic()
        code = "no_attempt"
        answer: dict[str, Any] = {}
        for attempt in range(1, self._patience.attempts + 1):
            status, code, answer = self._attempt(request)
            if status == self._wire.success:
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
        at_fault = code in _REFUSED or not _AT_FAULT.isdisjoint(_reasons(answer))
        failure: TocsinError
        if at_fault and self._wire.failure is StoreUnavailable:
            says = f"{operation} was refused: {answer.get('message', code)}"
            failure = StoreRefused(says, operation=operation, reason=code)
        else:
            says = f"{operation} failed: {code}."
            failure = self._wire.failure(says, operation=operation, reason=code, attempts=attempt)
        if reasons := _reasons(answer):
            failure.context["cancelled"] = ",".join(reasons)
        raise failure

    def _delay(self, attempt: int) -> float:
        ceiling = min(self._patience.longest_delay, self._patience.base_delay * 2**attempt)
        return float(self._jitter() * ceiling)

    def _attempt(self, request: Request) -> tuple[int, str, dict[str, Any]]:
        """(HTTP status, error code, document); status 0 when no sound answer came back."""
        path, target, body = request
        headers = self._signer.headers(target, body, at=time.time(), path=path)
        try:
            answer = self._pool.post(headers, body, path, within=self._within)
            document = self._wire.answer(_checked(answer))
        except (*BROKEN, ValueError) as error:
            return 0, type(error).__name__, {}
        return answer.status, error_code(answer, document), document


def _may_help(status: int, code: str, answer: Mapping[str, Any]) -> bool:
    """Whether the same call may succeed when it is sent again."""
    if reasons := _reasons(answer):
        return _RACED.issuperset(reasons)
    return status in {0, 429} or status >= 500 or code in THROTTLES  # noqa: PLR2004 - HTTP


def _reasons(answer: Mapping[str, Any]) -> list[str]:
    """Why a transaction was cancelled, part by part; nothing for any other answer."""
    return [str(each.get("Code")) for each in answer.get("CancellationReasons", [])]


def _checked(answer: Answer) -> Answer:
    if answer.crc32 is not None and int(answer.crc32) != zlib.crc32(answer.body):
        raise ValueError("the answer was damaged on its way")
    return answer


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
        or f"https://{ENDPOINTS.get(service, service)}.{region}.{suffix}",
        region=region,
        credentials=Credentials(key, secret, env.get("AWS_SESSION_TOKEN") or None),
        patience=patience or Patience(),
    )
