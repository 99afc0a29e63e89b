"""What SQS, SNS and SES refuse although their models allow it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SQS_PAGE = "docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
SNS_PAGE = "docs.aws.amazon.com/sns/latest/api/API_Publish.html"
SES_PAGE = "docs.aws.amazon.com/ses/latest/dg/quotas.html"
QUEUE_BYTES = 1024 * 1024
TOPIC_BYTES = 256 * 1024
ENTRIES = 10
ATTRIBUTES = 10
SUBJECT = 100
RECIPIENTS = 50
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200
LONGEST_WAIT = 20
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ATTRIBUTE = re.compile(
    r"(?!AWS\.|Amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE
)
_OF_SNS = ("AWS.SNS.", "AWS.MM.")
"""Names with a meaning: docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html."""
_CHARACTERS = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_BREAK = re.compile(r"[\r\n]")
_SUBJECT = re.compile(r"[!-~][ -~]*")


def queue(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """SQS."""
    for entry in _entries(params):
        yield from _message(entry)
    if operation.endswith("Batch"):
        yield from _batch("SQS", params.get("Entries", ()), QUEUE_BYTES, "AWS.SimpleQueueService.")
    for name, least, most in (
        ("DelaySeconds", 0, LONGEST_DELAY),
        ("VisibilityTimeout", 0, LONGEST_VISIBILITY),
        ("MaxNumberOfMessages", 1, ENTRIES),
        ("WaitTimeSeconds", 0, LONGEST_WAIT),
    ):
        for entry in (params, *params.get("Entries", ())):
            value = entry.get(name)
            if isinstance(value, int) and not least <= value <= most:
                yield _sqs("range", f"Value {value} for parameter {name} is invalid")


def _entries(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in (params, *params.get("Entries", ())) if "MessageBody" in each]


def _message(entry: Mapping[str, Any]) -> Iterator[Refusal]:
    body = entry["MessageBody"]
    if not body:
        yield _sqs("empty message", "The request must contain the parameter MessageBody.")
    if not _CHARACTERS.fullmatch(body):
        yield _sqs("characters", "Invalid binary character in a message", "InvalidMessageContents")
    if _bytes(entry) > QUEUE_BYTES:
        yield _sqs("message size", "One or more parameters are invalid. Message must be shorter")
    yield from _attributes(entry.get("MessageAttributes") or {}, _sqs)


def _attributes(
    found: Mapping[str, Any], refuse: Callable[[str, str], Refusal]
) -> Iterator[Refusal]:
    if len(found) > ATTRIBUTES:
        # SQS refuses them; SNS loses the message on the way to a queue that takes it as it is.
        yield refuse("message attributes", f"Number of message attributes [{len(found)}] exceeds")
    for name, value in found.items():
        if not name.startswith(_OF_SNS) and not _ATTRIBUTE.fullmatch(name):
            yield refuse("message attribute name", f"Message attribute name {name!r} is invalid")
        given = [each for each in ("StringValue", "BinaryValue") if value.get(each)]
        if len(given) != 1:
            yield refuse(
                "empty message attribute",
                f"The message attribute {name!r} must contain a non-empty value",
            )
        if value.get("DataType", "").partition(".")[0] not in {"String", "Number", "Binary"}:
            yield refuse("message attribute type", f"The type of message attribute {name!r}")


def _batch(service: str, entries: Any, most: int, prefix: str = "") -> Iterator[Refusal]:
    page = SQS_PAGE + "quotas-messages.html" if service == "SQS" else SNS_PAGE
    ids = [each.get("Id", "") for each in entries]

    def refuse(rule: str, code: str, reason: str) -> Refusal:
        return Refusal(rule=rule, code=prefix + code, reason=reason, page=page)

    if not entries:
        yield refuse("empty batch", "EmptyBatchRequest", "There should be at least one entry")
    if len(entries) > ENTRIES:
        yield refuse(
            "batch size", "TooManyEntriesInBatchRequest", "Maximum number of entries is 10"
        )
    if len(set(ids)) < len(ids):
        yield refuse("ids of a batch", "BatchEntryIdsNotDistinct", f"Id {ids[0]} repeated")
    if not all(_ENTRY_ID.fullmatch(each) for each in ids):
        yield refuse("ids of a batch", "InvalidBatchEntryId", "A batch entry id is not valid")
    if sum(map(_bytes, entries)) > most:
        yield refuse("batch bytes", "BatchRequestTooLong", f"Batch requests cannot exceed {most}")


def topic(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """SNS."""
    entries = params.get("PublishBatchRequestEntries", ())
    if operation == "PublishBatch":
        yield from _batch("SNS", entries, TOPIC_BYTES)
    for entry in (params, *entries) if operation.startswith("Publish") else ():
        if "Message" in entry:
            yield from _published(entry)
    if operation == "Publish" and not {"TopicArn", "TargetArn", "PhoneNumber"} & set(params):
        yield _sns("target", "Invalid parameter: TopicArn or TargetArn Reason: no value")


def _published(entry: Mapping[str, Any]) -> Iterator[Refusal]:
    message, subject = entry["Message"], entry.get("Subject")
    if not message:
        yield _sns("empty message", "Invalid parameter: Empty message")
    if _bytes(entry) > TOPIC_BYTES:
        yield _sns("message size", "Invalid parameter: Message too long")
    if subject is not None and (len(subject) >= SUBJECT or not _SUBJECT.fullmatch(subject)):
        yield _sns("subject", f"Invalid parameter: Subject {subject[:20]!r}")
    if entry.get("MessageStructure") == "json" and "default" not in _document(message):
        yield _sns("message structure", "Invalid parameter: Message Structure - No default entry")
    yield from _attributes(entry.get("MessageAttributes") or {}, _sns)


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return ()


def mail(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """SES, version 2."""
    if operation != "SendEmail":
        return
    people = [each for kind in (params.get("Destination") or {}).values() for each in kind]
    if len(people) > RECIPIENTS:
        yield _ses("recipients", "Recipient count exceeds 50")
    for each in (*people, params.get("FromEmailAddress") or "a@b"):
        if "@" not in each or _BREAK.search(each):
            yield _ses("address", "Missing final '@domain'")
    for tag in params.get("EmailTags", ()):
        if not all(_TAG.fullmatch(tag.get(name, "")) for name in ("Name", "Value")):
            yield _ses("tag", f"Invalid tag {tag.get('Name')!r}")
    yield from _content(params.get("Content", {}))


def _content(content: Mapping[str, Any]) -> Iterator[Refusal]:
    if len(content) != 1:
        yield _ses("content", "exactly one of Simple, Raw and Template")
    if simple := content.get("Simple"):
        if _BREAK.search(simple["Subject"].get("Data", "")):
            yield _ses("subject", "the subject has a line break")
        if not {"Text", "Html"} & set(simple.get("Body", {})):
            yield _ses("empty message", "the body has neither text nor HTML")


def _bytes(entry: Mapping[str, Any]) -> int:
    """Body and attributes: names, types and values count."""
    body = entry.get("MessageBody", entry.get("Message", ""))
    total = len(str(body).encode())
    for name, value in (entry.get("MessageAttributes") or {}).items():
        total += len(name.encode()) + len(value.get("DataType", "").encode())
        text = value.get("StringValue") or value.get("BinaryValue") or ""
        total += len(text.encode() if isinstance(text, str) else text)
    return total


def _sqs(rule: str, reason: str, code: str = "InvalidParameterValue") -> Refusal:
    return Refusal(rule=rule, code=code, reason=reason, page=SQS_PAGE + "quotas-messages.html")


def _sns(rule: str, reason: str) -> Refusal:
    return Refusal(rule=rule, code="InvalidParameter", reason=reason, page=SNS_PAGE)


def _ses(rule: str, reason: str) -> Refusal:
    return Refusal(rule=rule, code="BadRequestException", reason=reason, page=SES_PAGE)
