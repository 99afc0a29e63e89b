"""What the outage chapters of the demo expect, as pure functions of what was seen.

Criteria and parts are copied from the runbook by hand, on purpose: taken from the policy they would
agree with it also where both are wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.checks import Claim

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.drills.checks import Check

FAILED_OVER = Claim("checkout.failed_over", "while a provider is down, the other one sells")
ONE_PAGE = Claim("checkout.one_page", "asked again under its key, a checkout is the same page")
BREAKER_OPEN = Claim(
    "breaker.opened", "failing checkouts open the breaker: nobody asks it any more"
)
REFUSED = Claim("replay.refused", "while the breaker is open nobody may replay")
BREAKER_CLOSED = Claim(
    "breaker.closed", "when it has cooled, three checkouts that succeed close it"
)
UNFORCED = Claim("replay.unforced", "ten looks prove the recovery: nobody has to override anything")
UNPROVEN = Claim("exit.unproven", "while it is down, its checkouts are not said to succeed")
LOST = Claim("webhook.lost", "a part of the provider's events never reached the ledger")
CONTAINED = Claim("containment.verified", "a second person verified containment, within 4 h")
PLANNED = Claim("replay.planned", "a plan lists the lost events, and changes nothing")
INSERTED = Claim("replay.inserted", "the replay put back the lost events, those and no other")
PROVEN = Claim("replay.proven", "a second pass found nothing missing and changed no projection")
CAUGHT_UP = Claim("replay.equal", "every subscription is as the provider's own SDK says")
COMPARED = Claim("reconcile.found", "what changed unheard is found by comparing, and nothing else")
HEALED = Claim("reconcile.healed", "healed with the commander's approval, nothing is left wrong")
SUCCEED = Claim("exit.checkouts", "three workspaces got pages to pay on, and one of them paid")
PROBE_GONE = Claim("exit.probe_expired", "the probe's session exists and nobody can pay it")
STAYS_SHUT = Claim("gate.shut", "it does not close while the gate names something")
TOLD = Claim("update.final", "stakeholders got the final update, with every part of it")
ALL_MET = Claim("gate.open", "after 72 hours of calm every criterion is met")
CLOSED = Claim("incident.closed", "the commander closed it as resolved")

CRITERIA: Final = frozenset(
    {
        "containment_verified",
        "fix_deployed_and_monitored",
        "communication_completed",
        "postmortem_published",
        "checkouts_succeed",
        "replay_completed",
        "residual_update_sent",
        "timeline_intact",
    }
)
PARTS: Final = ("Timeline", "Counts", "Corrections", "Residual actions")
_SHOWN = 4


def failed_over(bought: Sequence[Mapping[str, Any]]) -> Check:
    """`bought` are the answers to checkouts made while the preferred provider was down."""
    seen = [(one.get("provider"), one.get("failed_over")) for one in bought]
    expected = [("razorpay", True)] * max(1, len(bought))
    return FAILED_OVER.equal(expected=expected, observed=seen)


def one_page(first: Mapping[str, Any], again: Mapping[str, Any]) -> Check:
    """The answers to the same checkout, asked for twice under one key."""
    return ONE_PAGE.holds(
        bool(first.get("url")) and first == again,
        expected=f"{first.get('url')}",
        observed=f"{again.get('url')}",
    )


def breaker_open(phase: str, bought: Sequence[Mapping[str, Any]], asked: int) -> Check:
    """The breaker's phase, checkouts since it opened, and how often its provider was asked then."""
    seen = (str(phase), [one.get("provider") for one in bought], asked)
    return BREAKER_OPEN.equal(expected=("open", ["razorpay"] * len(bought), 0), observed=seen)


def refused(status: int, body: Mapping[str, Any]) -> Check:
    """The answer to a replay's start while the provider's breaker is open."""
    unmet = str(body.get("unmet", "")).split(",")
    return REFUSED.holds(
        (status, body.get("code")) == (409, "recovery_not_confirmed") and "breaker_open" in unmet,
        expected="409 recovery_not_confirmed, breaker_open",
        observed=f"{status} {body.get('code')}, {', '.join(unmet)}",
    )


def breaker_closed(breaker: Breaker) -> Check:
    """The breaker as it is stored after the wait."""
    seen = (str(breaker.phase), breaker.openings)
    return BREAKER_CLOSED.equal(expected=("closed", 1), observed=seen)


def unforced(status: int, body: Mapping[str, Any]) -> Check:
    """The answer to a replay's start after the recovery."""
    seen = (status, body.get("override"), body.get("unmet"))
    return UNFORCED.equal(expected=(202, None, None), observed=seen)


def unproven(answer: Mapping[str, Any]) -> Check:
    """The answer to an examination with a probe, while the provider is down."""
    seen = (answer.get("proven"), "probe_failed" in answer.get("lacks", ()))
    return UNPROVEN.equal(expected=(False, True), observed=seen)


def lost(made: Collection[str], stored: Collection[str], dropped: Collection[str]) -> Check:
    """Events made, those in the ledger, and those the provider's own log says were dropped."""
    missing = set(made) - set(stored)
    return LOST.holds(
        bool(missing) and missing == set(dropped),
        expected=f"{len(set(dropped))} dropped, the same missing",
        observed=f"{len(missing)} of {len(made)} missing",
    )


def contained(view: Mapping[str, Any], clocks: Mapping[str, Any]) -> Check:
    """The incident, and its clocks by name."""
    seen = {
        "state": view.get("state"),
        "contain": clocks["clocks"].get("contain", {}).get("attainment"),
    }
    return CONTAINED.equal(expected={"state": "contained", "contain": "met"}, observed=seen)


def planned(
    plan: Mapping[str, Any], lost_ids: Collection[str], still_lost: Collection[str]
) -> Check:
    """The plan once it has ended, what was lost, and what of it is in no ledger afterwards."""
    seen = (plan.get("stage"), plan.get("counts", {}).get("missing"), len(still_lost))
    return PLANNED.equal(expected=("complete", len(lost_ids), len(lost_ids)), observed=seen)


def inserted(lost_ids: Collection[str], by_replay: Collection[str], counted: int) -> Check:
    """Events that were lost, those the ledger says this replay inserted, and what it counted."""
    wrong = set(lost_ids) ^ set(by_replay)
    return INSERTED.holds(
        bool(lost_ids) and not wrong and counted == len(lost_ids),
        expected=f"{len(lost_ids)} inserted",
        observed=f"{counted} inserted, {len(wrong)} others",
    )


def proven(replay: Mapping[str, Any]) -> Check:
    """The replay as the API shows it once it has ended."""
    seen = {name: replay.get(name) for name in ("stage", "proven", "unchanged")}
    expected = {"stage": "complete", "proven": True, "unchanged": True}
    return PROVEN.equal(expected=expected, observed=seen)


def caught_up(differences: Mapping[str, str], total: int) -> Check:
    """Subscriptions that differ, and how, of so many in all."""
    some = dict(list(differences.items())[:_SHOWN])
    return CAUGHT_UP.holds(
        bool(total) and not differences,
        expected=f"all {total} equal",
        observed=f"{len(differences)} differ: {some}" if differences else "all equal",
    )


def compared(found: Mapping[str, Any], wrong: Collection[str]) -> Check:
    """A reconciliation that is ready, and the subscriptions that are known to be wrong."""
    seen = sorted(one["subscription"] for one in found.get("mismatches", ()))
    return COMPARED.holds(
        bool(wrong) and seen == sorted(wrong) and not found.get("not_comparable"),
        expected=f"{sorted(wrong)}",
        observed=f"{seen}, {found.get('not_comparable')} not comparable",
    )


def healed(found: Mapping[str, Any], differences: Mapping[str, str], healed_by_now: int) -> Check:
    """The same one after healing and signing, and what still differs from the provider."""
    seen = (found.get("healed"), found.get("open"), bool(found.get("signed_off_by")))
    return HEALED.equal(expected=((healed_by_now, 0, True), {}), observed=(seen, dict(differences)))


def succeed(answer: Mapping[str, Any]) -> Check:
    """The answer to an examination after the recovery."""
    seen = {name: answer.get(name) for name in ("proven", "lacks", "paid")}
    return SUCCEED.holds(
        answer.get("proven") is True and answer.get("workspaces", 0) >= 3,  # noqa: PLR2004 - the runbook's
        expected="proven, by 3 workspaces and 1 payment",
        observed=seen | {"workspaces": answer.get("workspaces")},
    )


def probe_gone(sessions: Iterable[Mapping[str, Any]]) -> Check:
    """`sessions` are those at the provider that carry the probe's mark."""
    seen = [(one.get("status"), one.get("payment_status")) for one in sessions]
    return PROBE_GONE.equal(expected=[("expired", "unpaid")], observed=seen)


def stays_shut(status: int, code: str, unmet: Collection[str], expected: Collection[str]) -> Check:
    """The answer to an attempt to close, and what the gate names as unmet."""
    return STAYS_SHUT.equal(
        expected=(409, "gate_unmet", sorted(expected)), observed=(status, code, sorted(unmet))
    )


def told(texts: Sequence[str], opened_minute: str, figures: Mapping[str, str]) -> Check:
    """`texts` are mails to stakeholders that carry the final update.

    `figures` are what has to stand in a line with the name of a replay or reconciliation.
    """
    lines = {line.strip() for text in texts for line in text.splitlines()}
    missing = [part for part in PARTS if part not in lines]
    missing += [opened_minute] if not any(opened_minute in line for line in lines) else []
    missing += [
        f"{name}: {words}"
        for name, words in figures.items()
        if not any(name in line and words in line for line in lines)
    ]
    return TOLD.holds(
        len(texts) == 1 and not missing,
        expected="one mail with every part",
        observed=f"{len(texts)} mails, missing: {missing or 'nothing'}",
    )


def all_met(gate: Mapping[str, Any]) -> Check:
    """The gate as the API shows it."""
    seen = {one["code"]: one["status"] for one in gate.get("criteria", ())}
    return ALL_MET.equal(expected=dict.fromkeys(CRITERIA, "met"), observed=seen)


def closed(view: Mapping[str, Any]) -> Check:
    """The incident as the API shows it."""
    seen = (view.get("state"), view.get("resolution"))
    return CLOSED.equal(expected=("closed", "resolved"), observed=seen)
