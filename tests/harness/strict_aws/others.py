"""What KMS, Lambda, S3, Secrets Manager and SSM refuse although their models allow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAYLOAD_BYTES = 6 * 1024 * 1024
ASYNC_PAYLOAD_BYTES = 1024 * 1024
VARIABLES_BYTES = 4 * 1024
LONGEST_TIMEOUT = 900
KEY_BYTES = 1_024
METADATA_BYTES = 2 * 1024
PARAMETER_BYTES = 4 * 1024
ADVANCED_PARAMETER_BYTES = 8 * 1024
_DIGESTS = {"256": 32, "384": 48, "512": 64}
_LAMBDA = "docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_S3 = "docs.aws.amazon.com/AmazonS3/latest/userguide/"
_KMS = "docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html"
_SECRETS = "docs.aws.amazon.com/secretsmanager/latest/apireference/"
_SSM = "docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"


def key(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """KMS."""
    if operation in {"Sign", "Verify"} and params.get("MessageType") == "DIGEST":
        wanted = _DIGESTS.get(str(params.get("SigningAlgorithm", ""))[-3:])
        if wanted is not None and len(params.get("Message", b"")) != wanted:
            yield Refusal(
                rule="digest length",
                code="ValidationException",
                reason=f"Digest is of a length of {len(params['Message'])}, not {wanted} bytes",
                page=_KMS,
            )


def function(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """Lambda."""
    if operation == "Invoke":
        payload = params.get("Payload") or b""
        later = params.get("InvocationType") == "Event"
        if len(payload) > (ASYNC_PAYLOAD_BYTES if later else PAYLOAD_BYTES):
            yield _lambda("payload size", "RequestTooLargeException", "Request must be smaller")
        if payload and not _is_json(payload):
            yield _lambda(
                "payload",
                "InvalidRequestContentException",
                "Could not parse request body into json",
            )
    variables = (params.get("Environment") or {}).get("Variables") or {}
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) > VARIABLES_BYTES:
        yield _lambda("variables size", "InvalidParameterValueException", "exceeded the 4KB limit")
    reserved = {"AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID"} & set(variables)
    if reserved:
        yield _lambda("reserved variable", "InvalidParameterValueException", f"{reserved} reserved")
    if isinstance(params.get("Timeout"), int) and params["Timeout"] > LONGEST_TIMEOUT:
        yield _lambda("time limit", "InvalidParameterValueException", "Timeout above 900")


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True


def bucket(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """S3."""
    del operation
    if len(str(params.get("Key", "")).encode()) > KEY_BYTES:
        yield Refusal(
            rule="key size",
            code="KeyTooLongError",
            reason="Your key is too long",
            page=_S3 + "object-keys.html",
        )
    metadata = params.get("Metadata") or {}
    if sum(len(f"{name}{value}".encode()) for name, value in metadata.items()) > METADATA_BYTES:
        yield Refusal(
            rule="metadata size",
            code="MetadataTooLarge",
            reason="Your metadata headers exceed the maximum allowed metadata size",
            page=_S3 + "UsingMetadata.html",
        )


def secret(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """Secrets Manager."""
    if operation not in {"CreateSecret", "PutSecretValue", "UpdateSecret"}:
        return
    given = [each for each in ("SecretString", "SecretBinary") if params.get(each) is not None]
    if len(given) > 1 or (operation == "PutSecretValue" and not given):
        yield Refusal(
            rule="one kind of secret",
            code="InvalidParameterException",
            reason="You must provide either SecretString or SecretBinary.",
            page=f"{_SECRETS}API_{operation}.html",
        )


def parameter(operation: str, params: Mapping[str, Any]) -> Iterator[Refusal]:
    """SSM."""
    if operation != "PutParameter":
        return
    advanced = params.get("Tier") == "Advanced"
    most = ADVANCED_PARAMETER_BYTES if advanced else PARAMETER_BYTES
    if len(str(params.get("Value", "")).encode()) > most:
        yield Refusal(
            rule="parameter size",
            code="ValidationException",
            reason=f"a parameter of its tier holds at most {most} characters",
            page=_SSM,
        )
    if not params.get("Value"):
        yield Refusal(
            rule="empty parameter",
            code="ValidationException",
            reason="Value of a parameter must not be empty",
            page=_SSM,
        )


def _lambda(rule: str, code: str, reason: str) -> Refusal:
    return Refusal(rule=rule, code=code, reason=reason, page=_LAMBDA)
