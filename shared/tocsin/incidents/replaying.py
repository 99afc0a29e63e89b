"""A replay's result, on the record of the incident it was made for."""

from tocsin.errors import BadInput
from tocsin.incidents import commands_billing as c
from tocsin.incidents import fixing, limits
from tocsin.incidents.draft import Draft
from tocsin.incidents.events_billing import ReplayRecorded
from tocsin.incidents.parts_billing import ReplayStanding


def record_replay(draft: Draft, command: c.RecordReplay) -> None:
    """Written down whatever its result; a replay that proves nothing is a fact too.

    Raises:
        BadInput: the window ends before it starts, what is not complete is called proven, or the
            incident has the replays of as many accounts as it takes.
    """
    if command.end <= command.start:
        raise BadInput("the window ends before it starts", field="end")
    if command.proven and command.standing is not ReplayStanding.COMPLETE:
        raise BadInput("only a complete replay proves anything", field="proven")
    provider, account = limits.name("provider", command.provider), command.account
    known = {*draft.incident.replays, f"{provider}#{account}"}
    if len(known) > limits.REPLAYED_ACCOUNTS:
        raise BadInput(f"an incident keeps the replays of {limits.REPLAYED_ACCOUNTS} accounts")
    draft.add(
        ReplayRecorded(
            **draft.stamp,
            replay=limits.name("replay", command.replay),
            kind=command.kind,
            provider=provider,
            account=limits.line("account", account),
            start=command.start,
            end=command.end,
            counts=command.counts,
            proven=command.proven,
            checksums=tuple(limits.line("checksums", each) for each in command.checksums),
            evidence=command.evidence,
            standing=command.standing,
            why=limits.shortened(command.why.strip(), limits.LINE),
        )
    )
    fixing.settle(draft)
