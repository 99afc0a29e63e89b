"""Errors of the road to an account. Same tree, same rules."""

from __future__ import annotations

from tocsin.errors import BadInput, Conflict, NotAllowed, TocsinError


class DeploymentInvalid(BadInput):
    """`tocsin.toml` says something that no deployment can be made of."""

    code = "deployment_invalid"


class OtherAccount(NotAllowed):
    """The credentials are of another account than the one `tocsin.toml` names."""

    code = "other_account"


class StackStuck(Conflict):
    """A stack is in a state that a person has to look at; nothing of it was touched."""

    code, status = "stack_stuck", 409


class RolloutFailed(TocsinError):
    """A stack could not be brought to where it should be; CloudFormation took it back."""

    code, status = "rollout_failed", 503
    retryable = True


class WouldLoseData(Conflict):
    """The change would replace or remove something that holds data."""

    code, status = "would_lose_data", 409
