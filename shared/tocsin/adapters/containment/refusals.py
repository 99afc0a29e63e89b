"""What AWS says no with, in Tocsin's errors: gone, changed meanwhile, refused for good, or not now.

The codes are those of botocore's service models; what stands in none of the three is taken for no
answer, since then nothing is known and a look tells.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.errors import Conflict, NotAllowed, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = frozenset(
    {
        "NoSuchEntity",
        "NoSuchEntityException",
        "ResourceNotFoundException",
        "WAFNonexistentItemException",
    }
)
CHANGED = frozenset(
    {"PreconditionFailedException", "ResourceConflictException", "WAFOptimisticLockException"}
)
REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidInput",
        "InvalidInputException",
        "InvalidParameterValueException",
        "LimitExceeded",
        "LimitExceededException",
        "MalformedPolicyDocument",
        "MalformedPolicyDocumentException",
        "UnmodifiableEntity",
        "UnmodifiableEntityException",
        "ValidationError",
        "ValidationException",
        "WAFInvalidOperationException",
        "WAFInvalidParameterException",
        "WAFLimitsExceededException",
    }
)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Around calls about `what`.

    Raises:
        NotFound: it is gone. Conflict: it has changed. NotAllowed: refused for good.
        Unavailable: anything else.
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        said = f"AWS refused {error.operation_name} of {what}: {code}"
        if code in GONE:
            raise NotFound(f"there is no {what}") from error
        if code in CHANGED:
            raise Conflict(said, reason=code) from error
        if code in REFUSED:
            raise NotAllowed(said, reason=code) from error
        raise Unavailable(said, reason=code) from error
    except BotoCoreError as error:
        raise Unavailable(f"AWS did not answer about {what}: {error}") from error


def code_of(error: ClientError) -> str:
    """The code of a refusal."""
    return str(error.response["Error"]["Code"])
