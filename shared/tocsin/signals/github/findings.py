"""Alerts of secrets, of code and of dependencies: what each says, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import optional_text, record, text
from tocsin.signals.github.said import (
    AGAIN,
    CLEAR,
    FIRE,
    TELL,
    TICK,
    VERDICT,
    Delivery,
    Nothing,
    Said,
    alert_of,
    level,
    number_of,
    when,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def secret(one: Delivery) -> Said:
    """`secret_scanning_alert`: public or valid is critical, revoked clears, else closed is told."""
    alert = alert_of(one)
    number, kind = number_of(alert), optional_text(alert, "secret_type") or "unknown"
    leaked = alert.get("publicly_leaked") is True or one.action == "publicly_leaked"
    valid = optional_text(alert, "validity") == "active"
    resolution = optional_text(alert, "resolution")
    clears = one.action in {"resolved", *CLEAR} and resolution in {"", "revoked"}
    told = one.action == "resolved" and not clears
    looked_at = one.action == "validated" and valid
    if one.action == "validated" and not valid:
        told = True
    if not (one.action in FIRE or clears or told or looked_at):
        raise Nothing(f"{one.action or 'no action'} changes nothing")
    by = who(alert, "resolved_by")
    said = f"{by or 'somebody'} closed it as {resolution}" if one.action == "resolved" else ""
    exposed = leaked or valid or one.public
    return Said(
        kind=f"secret_scanning/{number}",
        name=f"secret_scanning/{kind}",
        title=f"secret of type {kind}" + (" is public" if leaked or one.public else " is exposed"),
        at=when(one, alert) + clears * TICK,
        firing=not clears and not told,
        told=told,
        hint=Severity.CRITICAL if exposed else Severity.HIGH,
        detail=said or (f"validity: {optional_text(alert, 'validity')}" if told else ""),
        link=optional_text(alert, "html_url"),
        facts={
            "alert": number,
            "action": one.action,
            "secret_type": kind,
            "validity": optional_text(alert, "validity"),
            "publicly_leaked": "yes" if leaked else "",
            "resolution": resolution,
            "by": by,
        },
    )


def location(one: Delivery) -> Said:
    """`secret_scanning_alert_location`: where else it is. The payload has the secret itself."""
    alert = alert_of(one)
    number, kind = number_of(alert), optional_text(alert, "secret_type") or "unknown"
    place = record(one.body, "location")
    details = record(place, "details") if place.get("details") is not None else {}
    line = details.get("start_line")
    where = optional_text(details, "path") or optional_text(place, "type") or "a place unnamed"
    return Said(
        kind=f"secret_scanning/{number}",
        name=f"secret_scanning/{kind}",
        title=f"secret of type {kind} is in {where}",
        at=when(one, alert),
        told=True,
        hint=Severity.CRITICAL if one.public else Severity.HIGH,
        link=optional_text(alert, "html_url"),
        facts={
            "alert": number,
            "path": where,
            "line": line if isinstance(line, int) else "",
            "commit": optional_text(details, "commit_sha"),
        },
    )


def code(one: Delivery) -> Said:
    """`code_scanning_alert`, as far as it is about the default branch."""
    alert = alert_of(one)
    number = number_of(alert)
    rule = record(alert, "rule") if alert.get("rule") is not None else {}
    last = alert.get("most_recent_instance")
    instance = record(alert, "most_recent_instance") if last is not None else {}
    place = record(instance, "location") if instance.get("location") is not None else {}
    ref = optional_text(one.body, "ref") or optional_text(instance, "ref")
    if one.action not in FIRE | CLEAR | TELL:
        raise Nothing(f"{one.action or 'no action'} changes nothing")
    told = one.action in TELL
    if not told and ref and ref != f"refs/heads/{text(one.repository, 'default_branch')}":
        raise Nothing(f"{one.action} on {ref}, which is not the default branch")
    name = optional_text(rule, "id") or "unknown"
    tool = record(alert, "tool") if alert.get("tool") is not None else {}
    return Said(
        kind=f"code_scanning/{number}",
        name=f"code_scanning/{name}",
        title=optional_text(rule, "description") or name,
        at=when(one, alert),
        firing=one.action in FIRE,
        told=told,
        hint=level(rule.get("security_severity_level"), rule.get("severity")) or Severity.HIGH,
        detail=_dismissal(alert) if told else "",
        link=optional_text(alert, "html_url"),
        facts={
            "alert": number,
            "action": one.action,
            "rule": name,
            "tool": optional_text(tool, "name"),
            "ref": ref,
            "path": optional_text(place, "path"),
            "commit": optional_text(one.body, "commit_oid"),
            "by": who(alert, "dismissed_by"),
            "reason": optional_text(alert, "dismissed_reason"),
        },
    )


def _dismissal(alert: Mapping[str, object]) -> str:
    """Who dismissed it and why, in words."""
    login = who(alert, "dismissed_by", "dismisser")
    reason = optional_text(alert, "dismissed_reason") or optional_text(alert, "dismiss_reason")
    said = optional_text(alert, "dismissed_comment")
    by = f"dismissed by {login}" if login else "dismissed by a rule"
    return f"{by}: {reason or 'no reason given'}" + (f" - {said}" if said else "")


def dependency(one: Delivery) -> Said:
    """`dependabot_alert` and its predecessor: the same alert has the same number in both."""
    alert = alert_of(one)
    number = _dependency_number(one, alert)
    if one.action not in FIRE | CLEAR | TELL:
        raise Nothing(f"{one.action or 'no action'} changes nothing")
    advisory, flaw, where = (
        record(alert, part) if alert.get(part) is not None else {}
        for part in ("security_advisory", "security_vulnerability", "dependency")
    )
    of = where if where.get("package") is not None else flaw
    package = record(of, "package") if of.get("package") is not None else {}
    called = optional_text(package, "name") or optional_text(alert, "affected_package_name")
    scope = optional_text(where, "scope") or "runtime"
    by_rule = one.action == "auto_dismissed" or alert.get("auto_dismissed_at") is not None
    told = one.action in TELL or (by_rule and one.action in FIRE - AGAIN)
    at = when(one, alert)
    waits = one.action in {"created", "create"} and not told
    named = f"{optional_text(package, 'ecosystem') or 'unknown'}/{called or 'unknown'}"
    return Said(
        kind=f"dependabot/{number}",
        name=f"dependabot/{scope}/{named}",
        title=optional_text(advisory, "summary") or f"{called or 'a dependency'} is vulnerable",
        at=at,
        firing=one.action in FIRE and not told,
        told=told,
        withdraws=told and by_rule,
        hint=level(flaw.get("severity"), advisory.get("severity"), alert.get("severity"))
        or Severity.HIGH,
        detail=_dismissal(alert) if told else "",
        link=optional_text(alert, "html_url"),
        facts={
            "alert": number,
            "action": one.action,
            "package": called,
            "scope": scope,
            "manifest": optional_text(where, "manifest_path"),
            **_flaw(alert, advisory, flaw),
            "by": who(alert, "dismissed_by", "dismisser"),
        },
        held_until=at + VERDICT if waits else None,
    )


def _dependency_number(one: Delivery, alert: Mapping[str, object]) -> str:
    """Early payloads of the predecessor had no number, and their id is another's."""
    known = alert.get("id")
    if alert.get("number") is None and one.event == "repository_vulnerability_alert":
        if isinstance(known, bool) or not isinstance(known, int):
            raise MalformedPayload("`number` must be a whole number", field="number")
        return f"id-{known}"
    return str(number_of(alert))


def _flaw(
    alert: Mapping[str, object], advisory: Mapping[str, object], flaw: Mapping[str, object]
) -> dict[str, str]:
    """What is known of it elsewhere, and in which version it is mended."""
    known = flaw.get("first_patched_version") is not None
    patched = record(flaw, "first_patched_version") if known else {}
    return {
        "advisory": optional_text(advisory, "ghsa_id") or optional_text(alert, "ghsa_id"),
        "cve": optional_text(advisory, "cve_id"),
        "fixed_in": optional_text(patched, "identifier") or optional_text(alert, "fixed_in"),
    }
