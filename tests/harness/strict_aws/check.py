"""One request, judged: what AWS would answer that a fake does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from tests.harness.strict_aws import dynamodb, messages, others, shapes, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.harness.strict_aws.refusals import Call, Refusal
    from tests.harness.strict_aws.tables import Tables

_RULES: Mapping[str, Callable[[str, Mapping[str, object]], Iterator[Refusal]]] = {
    "kms": others.key,
    "lambda": others.function,
    "s3": others.bucket,
    "secretsmanager": others.secret,
    "sesv2": messages.mail,
    "sns": messages.topic,
    "sqs": messages.queue,
    "ssm": others.parameter,
}


class Answer(NamedTuple):
    """AWS's error, as its protocol has it."""

    status: int
    headers: dict[str, str]
    body: bytes


class Verdict(NamedTuple):
    """The call and every rule it breaks."""

    call: Call
    refusals: tuple[Refusal, ...]

    @property
    def answer(self) -> Answer:
        """The error of the first rule."""
        return _answer(self.call.service, self.refusals[0])

    def __str__(self) -> str:
        told = [f"{each.rule}: {each.reason}" for each in self.refusals]
        return f"AWS would refuse {self.call.name}: {'; '.join(told)}"


class Checker:
    """Judges requests. `tables` says what is known of DynamoDB's tables before any is made."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def judge(self, request: wire.Request) -> Verdict | None:
        """None for what is no call of ours, and for what AWS would take."""
        call = wire.read(request)
        if call is None:
            return None
        found = tuple(self._refusals(call))
        return Verdict(call, found) if found else None

    def _refusals(self, call: Call) -> Iterator[Refusal]:
        misshapen = list(shapes.refusals(call))
        yield from misshapen
        if misshapen:
            return  # further rules take the shape for granted
        if call.service == "dynamodb":
            yield from dynamodb.refusals(call, self._tables)
        else:
            yield from _RULES[call.service](call.operation, call.params)


def _answer(service: str, refusal: Refusal) -> Answer:
    protocol = wire.service_model(service).metadata["protocol"]
    code, reason = refusal.code, refusal.reason
    if protocol == "json":
        document = {"__type": f"com.amazon.coral.validate#{code}", "message": reason}
        return Answer(
            400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(document).encode()
        )
    if protocol == "rest-json":
        headers = {"content-type": "application/json", "x-amzn-errortype": code}
        return Answer(400, headers, json.dumps({"message": reason}).encode())
    error = f"<Code>{code}</Code><Message>{escape(reason)}</Message>"
    inner = (
        f"<Error>{error}</Error>"
        if protocol == "rest-xml"
        else (f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>")
    )
    return Answer(400, {"content-type": "text/xml"}, inner.encode())
