"""Sending through an AWS client: refused for good told apart from not answered.

The first must be seen by a person, the second is simply sent again. A person's way costs at most
ten seconds, so that a page still gets through on the third when two of them hang.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.errors import MessageRefused, SendFailed

if TYPE_CHECKING:
    from collections.abc import Callable

_NEVER = frozenset(
    {
        "BadRequestException",
        "EndpointDisabled",
        "InvalidParameter",
        "InvalidParameterValue",
        "MailFromDomainNotVerifiedException",
        "MessageRejected",
        "NotFoundException",
        "OptedOut",
        "OptedOutException",
        "ParameterValueInvalid",
        "ValidationException",
    }
)


class Patience(TypedDict):
    """How long one way may take: early enough for the next one to be tried."""

    connect_seconds: float
    read_seconds: float
    attempts: int


PATIENCE = Patience(connect_seconds=2, read_seconds=3, attempts=2)


def handed_over(call: Callable[..., Any], **request: Any) -> str:
    """The service's id of what was sent.

    Raises:
        MessageRefused: it will never take this message.
        SendFailed: it did not answer, or not now.
    """
    try:
        answer = call(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        kind = MessageRefused if code in _NEVER else SendFailed
        raise kind("the service refused the message", reason=code) from error
    except BotoCoreError as error:
        raise SendFailed("the service did not answer", reason=type(error).__name__) from error
    return str(answer["MessageId"])
