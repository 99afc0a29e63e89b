"""Every error Tocsin raises on purpose, in one tree.

A leaf carries three facts the caller needs and cannot guess: a stable `code` (part of the API:
never renamed), the HTTP `status` a handler answers with, and whether trying again without a
change can help (`retryable`). Anything else that escapes is a bug and answers 500.

    TocsinError
    ├── BadInput              the request can never succeed as it is
    ├── NotAllowed            who asks may not, or the proof of who asks is wrong
    ├── NotFound              what is named does not exist for this caller
    ├── Conflict              true when it was sent, no longer true now
    └── Unavailable           something Tocsin depends on did not answer; try again

The leaves that only a laptop's tools raise are in `tocsin.local.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


UNREADABLE = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)
"""What Python raises where a text of somebody else's is taken apart that is not what it should be.

Not only where a key is missing or a value is none: a number of five thousand digits is a
`ValueError` of its own, deep nesting a `RecursionError`, infinity an `OverflowError`, and a list
where an object was meant an `AttributeError`. Whoever reads what came from outside catches all of
them, or one bad message takes its neighbours along.
"""


class TocsinError(Exception):
    """Base of the tree; `context` holds plain values that are safe to log and to return."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", **context: str | int | bool | None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail or (self.__doc__ or self.code).strip().splitlines()[0]
        self.context = context


class BadInput(TocsinError):
    """The request can never succeed as it is."""

    code, status = "bad_input", 400


class MalformedPayload(BadInput):
    """The body is not what its content type or schema promises."""

    code = "malformed_payload"


class UnreadableShape(BadInput):
    """A billing object lacks a field that every version of its API carries."""

    code, status = "unreadable_shape", 422


class PayloadTooLarge(BadInput):
    """The body or a header is over its documented limit."""

    code, status = "payload_too_large", 413


class IllegalTransition(BadInput):
    """The incident is in a state in which this command means nothing."""

    code, status = "illegal_transition", 409


class OpenWork(IllegalTransition):
    """Somebody leaves whose work is not done: it is handed over first."""

    code = "open_work"


class IdempotencyKeyReused(BadInput):
    """The same idempotency key was sent before with another body."""

    code, status = "idempotency_key_reused", 422


class InvalidPolicy(BadInput):
    """The runbook policy does not validate."""

    code, status = "invalid_policy", 422


class WindowExpired(BadInput):
    """The provider no longer lists the beginning of this window."""

    code, status = "window_expired", 422


class MissingReason(BadInput):
    """This command needs a reason."""

    code, status = "missing_reason", 422


class InvalidSettings(TocsinError):
    """A function's environment lacks a variable or holds one that cannot be read."""

    code, status = "invalid_settings", 500


class NotAllowed(TocsinError):
    """Who asks may not."""

    code, status = "not_allowed", 403


class PersonRequired(NotAllowed):
    """Only a named person can do this: no rule, robot or source."""

    code = "person_required"


class GroupRequired(NotAllowed):
    """The person is in none of the groups that may do this."""

    code = "group_required"


class SecondPersonRequired(NotAllowed):
    """Somebody else has to do or approve this."""

    code = "second_person_required"


class ApprovalRequired(NotAllowed):
    """An incident is open, and its commander has to approve this first."""

    code = "approval_required"


class ApprovalInvalid(NotAllowed):
    """The approval shown is not for this act, this person or this time, or was used."""

    code = "approval_invalid"


class SignatureInvalid(NotAllowed):
    """No active secret of the registration verifies these bytes."""

    code, status = "signature_invalid", 400


class TimestampOutOfTolerance(NotAllowed):
    """The signed time is too far from this clock, in the past or the future."""

    code, status = "timestamp_out_of_tolerance", 400


class RegistrationMismatch(NotAllowed):
    """The verified body claims another account or mode than its registration."""

    code, status = "registration_mismatch", 400


class NotFound(TocsinError):
    """What is named does not exist for this caller."""

    code, status = "not_found", 404


class UnknownRegistration(NotFound):
    """No webhook registration of that provider and endpoint name."""

    code = "unknown_registration"


class UnknownIncident(NotFound):
    """No incident of that id that this caller may see."""

    code = "unknown_incident"


class UnknownSubscription(NotFound):
    """No projection of that subscription."""

    code = "unknown_subscription"


class UnknownPerson(BadInput):
    """A person who is named is nobody here, or cannot be reached."""

    code = "unknown_person"


class UnknownName(NotFound):
    """A registry holds nothing of that name."""

    code = "unknown_name"


class Conflict(TocsinError):
    """True when it was sent, no longer true now."""

    code, status = "conflict", 409


class VersionConflict(Conflict):
    """Somebody else wrote this incident since it was read; read it again and retry."""

    code, status, retryable = "version_conflict", 409, True


class ConditionFailed(Conflict):
    """A conditional write found the item in another state; `item` is what it found, as stored."""

    code = "condition_failed"

    def __init__(self, item: Mapping[str, object] | None = None) -> None:
        super().__init__()
        self.item = item


class NothingToLift(Conflict):
    """The subscription has no correction that could be lifted."""

    code = "nothing_to_lift"


class StaleIfMatch(Conflict):
    """`If-Match` names a version that is no longer the newest."""

    code, status = "stale_if_match", 412


class GateUnmet(Conflict):
    """The incident cannot be closed yet; `unmet` names what is missing."""

    code = "gate_unmet"


class NotVerifiable(Conflict):
    """Containment cannot be verified yet; `missing` names what is missing."""

    code = "not_verifiable"


class StaleRound(Conflict):
    """The acknowledgement was asked for by a round that is over."""

    code, status = "stale_round", 409


class RecoveryNotConfirmed(Conflict):
    """The provider is not known to have recovered; `unmet` names what is missing."""

    code = "recovery_not_confirmed"


class ReplayRunning(Conflict):
    """Another replay of the same account has not ended; `replay` names it."""

    code = "replay_running"


class CommandRepeated(Conflict):
    """This command id is already recorded; what it did is not done again."""

    code, status = "command_repeated", 409


class DedupKeyTaken(Conflict):
    """Another incident is already open for this dedup key."""

    code, status, retryable = "dedup_key_taken", 409, True


class NumberTaken(Conflict):
    """The number belongs to another incident, or was passed over: it is given to nobody else."""

    code, status, retryable = "number_taken", 409, True


class Unavailable(TocsinError):
    """Something Tocsin depends on did not answer; trying again may help."""

    code, status, retryable = "unavailable", 503, True


class StoreUnavailable(Unavailable):
    """The database refused or did not answer."""

    code = "store_unavailable"


class StoreRefused(TocsinError):
    """The database refused the request itself: it is no outage, and no waiting mends it."""

    code, status = "store_refused", 500


class SecretUnavailable(Unavailable):
    """A secret could not be read."""

    code = "secret_unavailable"


class ProviderUnavailable(Unavailable):
    """The billing provider refused or did not answer."""

    code = "provider_unavailable"


class QueueUnavailable(Unavailable):
    """A queue did not take a message."""

    code = "queue_unavailable"


class SendFailed(Unavailable):
    """A channel did not accept a message."""

    code = "send_failed"


class TooManyReports(Unavailable):
    """More reports came by the public form, from one address or in all, than are taken."""

    code, status = "too_many_reports", 429


class MessageRefused(BadInput):
    """A channel will never take this message."""

    code, status = "message_refused", 422


class GithubUnavailable(Unavailable):
    """GitHub did not answer, or could not take what it was told now."""

    code = "github_unavailable"


class ReviewRefused(BadInput):
    """GitHub will never take this answer to a deployment: there is none that waits for it."""

    code, status = "review_refused", 422


class ClockUnavailable(Unavailable):
    """The offset of an adjustable incident clock could not be read."""

    code = "clock_unavailable"


class RemoteError(TocsinError):
    """The deployed API refused or failed; `answered` and `http_status` are its own words."""

    code = "remote_error"

    def __init__(self, detail: str = "", *, answered: str = "", status: int = 500) -> None:
        super().__init__(detail, answered=answered, http_status=status)
        self.answered = answered
        self.http_status = status


class CheckFailed(TocsinError):
    """A check somebody asked for ran and failed."""

    code = "check_failed"
