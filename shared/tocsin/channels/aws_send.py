"""Sending through an AWS service: refused for good told apart from not answered.

The first must be seen by a person, the second is simply sent again. A person's way costs at most
ten seconds, so that a page still gets through on the third when two of them hang.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tocsin.errors import MessageRefused, SendFailed, Unavailable
from tocsin.runtime.aws.http import AwsHttp, Patience, from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall

_NEVER = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccountSuspendedException",
        "AuthorizationError",
        "BadRequestException",
        "EndpointDisabled",
        "InvalidParameter",
        "InvalidParameterValue",
        "InvalidSecurity",
        "KMSAccessDenied",
        "KMSDisabled",
        "KMSInvalidState",
        "KMSNotFound",
        "KMSOptInRequired",
        "MailFromDomainNotVerifiedException",
        "MessageRejected",
        "NotFoundException",
        "OptedOut",
        "OptedOutException",
        "ParameterValueInvalid",
        "PlatformApplicationDisabled",
        "SendingPausedException",
        "ValidationException",
    }
)
"""What no repeating mends: a message nobody could take, and a right, a key or an account that a
person has to see to. A topic that is gone (`NotFound`) is not among them: it can come back."""


PATIENCE = Patience(connect=2, read=3, attempts=2, deadline=5)
"""How long one way may take: early enough for the next one to be tried."""


@cache
def service(name: str) -> AwsHttp:
    """The caller of a service that sends, made with the first message."""
    return from_environment(name, patience=PATIENCE)


def handed_over(aws: AwsCall, operation: str, request: Mapping[str, object]) -> str:
    """The service's id of what was sent.

    Raises:
        MessageRefused: it will never take this message.
        SendFailed: it did not answer, or not now.
    """
    try:
        answer = aws.call(operation, request)
    except Unavailable as error:
        code = str(error.context.get("reason", ""))
        kind = MessageRefused if code in _NEVER else SendFailed
        raise kind("the service did not take the message", reason=code) from error
    return str(answer["MessageId"])
