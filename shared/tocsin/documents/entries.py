"""What an entry of a timeline says, in the words of people: one line each.

The same line answers a write and stands in the timeline, so that who typed something reads what
others will read. An entry without words of its own is said by its type and its plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.documents.fitting import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Content = Mapping[str, Any]

_TEXT = 200
"""Characters of a text that stand in a line; all of it is in the timeline's document."""


def said(kind: str, content: Content) -> str:
    """An entry on one line, without who and when."""
    words = _SAID.get(kind)
    line = one_line(_plain(kind, content) if words is None else words(content))
    stored = content.get("stored")
    return f"{line} (all {stored['size']} bytes: `content` {stored['sha256']})" if stored else line


def spaced(word: object) -> str:
    """`action_done` as people write it."""
    return str(word).replace("_", " ")


def target(text: str) -> str:
    """A target as people say it: `elapsed:240` is 4 h, `business_days:3` is 3 business days."""
    kind, _, amount = text.partition(":")
    if kind == "elapsed" and amount.isdigit():
        return _minutes(int(amount))
    if kind == "business_days" and amount.isdigit():
        return f"{amount} business day{'' if amount == '1' else 's'}"
    return spaced(text)


def _minutes(minutes: int) -> str:
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (left, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "at once"


def _people(content: Content, name: str = "people") -> str:
    return ", ".join(content.get(name) or ()) or "nobody"


def _why(content: Content) -> str:
    reason = content.get("reason")
    return f": {_cut(reason)}" if reason else ""


def _cut(text: object) -> str:
    return shortened(one_line(str(text)), _TEXT)


def _by(content: Content, name: str, word: str = "by") -> str:
    return f", {word} {content[name]}" if content.get(name) else ""


def _opened(content: Content) -> str:
    where = content.get("service") or "no service named"
    severity, category = content["severity"], spaced(content["category"])
    return f"opened as {severity} {category} ({where}, {content['environment']})"


def _severity(content: Content) -> str:
    order = ("critical", "high", "medium", "low")
    worse = order.index(content["new"]) < order.index(content["old"])
    turned = "raised" if worse else "lowered"
    return f"severity {turned} from {content['old']} to {content['new']}{_why(content)}"


def _role(content: Content) -> str:
    before = _by(content, "previous", "in the place of")
    return f"{content['person']} is {spaced(content['role'])}{before}"


def _signals(content: Content) -> str:
    signals = content["signals"]
    newest = signals[-1]
    state = "fires" if newest["firing"] else "is clear"
    if newest.get("only_told"):
        detail = f": {_cut(newest['detail'])}" if newest["detail"] else ""
        return f"of a signal: {_cut(newest['title'])}{detail}"
    more = f", and {len(signals) - 1} more" if len(signals) > 1 else ""
    return f"signal {state}: {_cut(newest['title'])}{more}"


def _update(content: Content) -> str:
    kind = "final update" if content.get("final") else "update"
    failed = "" if content.get("accepted", True) else ", which the channel refused"
    return f"{kind} to {content['audience']}{failed}: {_cut(content['text'])}{_next(content)}"


def _next(content: Content) -> str:
    return f" (next by {content['next_by']})" if content.get("next_by") else ""


def _customers(content: Content) -> str:
    decided = "are told" if content["tell"] else "are not told"
    return f"customers {decided}{_why(content)}{_next(content)}"


def _settled(content: Content) -> str:
    detail = f": {_cut(content['detail'])}" if content.get("detail") else ""
    late = ", late" if content.get("late") else ""
    return f"checklist: {content['item']} {spaced(content['state'])}{late}{detail}"


def _action(content: Content) -> str:
    return f"containment {spaced(content['state'])}: {_cut(content['text'])}{_why(content)}"


def _observed(content: Content) -> str:
    detail = f": {_cut(content['detail'])}" if content.get("detail") else ""
    return f"{spaced(content['check'])} {spaced(content['verdict'])}{detail}"


def _impact(content: Content) -> str:
    counts = [f"{content[n]} {n}" for n in ("tenants", "users") if content.get(n) is not None]
    parts = [_cut(content["summary"]), f"exposure {content['exposure']}", *counts]
    return f"impact: {', '.join(parts)}{_by(content, 'confirmed_by', 'confirmed by')}"


def _closed(content: Content) -> str:
    other = _by(content, "called" if content.get("called") else "duplicate_of", "of")
    return f"closed as {spaced(content['resolution'])}{other}{_why(content)}"


def _waiver(content: Content) -> str:
    until = content["expires_at"]
    return f"asked to close without {spaced(content['criterion'])} until {until}{_why(content)}"


def _postmortem(content: Content) -> str:
    return f"postmortem published: {content['url']}, {len(content['actions'])} preventive actions"


def _answered(content: Content) -> str:
    return f"{content['person']} {'is on it' if content['on_it'] else 'cannot'}{_why(content)}"


def _plain(kind: str, content: Content) -> str:
    values = [
        f"{spaced(name)} {value if isinstance(value, str | int) else ', '.join(map(str, value))}"
        for name, value in content.items()
        if value not in (None, "", [], {}) and not _nested(value)
    ]
    return f"{spaced(kind)}: {', '.join(values)}" if values else spaced(kind)


def _nested(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))


_SAID: Mapping[str, Callable[[Content], str]] = {
    "opened": _opened,
    "numbered": lambda c: f"is number {c['number']} from now on",
    "acknowledged": lambda c: f"{c['person']} has it (round {c['round']})",
    "paged": lambda c: f"asked: {_people(c)}",
    "paged_in_part": lambda c: f"asked: {_people(c)}",
    "escalated": lambda c: f"asked by hand: {_people(c)}{_why(c)}",
    "help_asked": lambda c: f"{c['by']} asked for {_people(c)}{_why(c)}; answer by {c['due_at']}",
    "help_answered": _answered,
    "help_unanswered": lambda c: f"{c['person']} did not answer by {c['due_at']}",
    "stood_down": lambda c: f"told that {c['person']} has it: {_people(c)}",
    "severity_changed": _severity,
    "lowering_proposed": lambda c: f"asked to lower it to {c['severity']}{_why(c)}",
    "category_changed": lambda c: f"category {spaced(c['old'])} is {spaced(c['new'])}{_why(c)}",
    "role_assigned": _role,
    "left": lambda c: f"{c['person']} left{_why(c)}",
    "signals_merged": _signals,
    "clock_breached": lambda c: f"MISSED: {c['clock']}, due {c['due_at']}",
    "deadline_passed": lambda c: f"LATE: {c['clock']}, due {c['due_at']}",
    "action_changed": _action,
    "fix_named_as_containment": lambda c: f"the fix contains it{_why(c)}",
    "observed": _observed,
    "containment_verified": lambda c: f"containment verified by {c['person']}",
    "containment_lost": lambda c: f"CONTAINMENT LOST{_why(c)}",
    "block_ending": lambda c: f"{c['action']} ends by itself {c['until']}",
    "fix_linked": lambda c: f"fix: {c.get('commit') or c.get('provider')} {c['url']}",
    "run_ended": lambda c: f"{spaced(c['run'])} checks of {c['commit']}: {c['conclusion']}",
    "deployed": lambda c: f"deploy of {c['commit']}: {c['conclusion']}",
    "reported_ahead": lambda c: f"{c['commit']} was reported and is not linked: {c['conclusion']}",
    "fixed": lambda c: f"fixed{_by(c, 'commit')}",
    "fix_paused": lambda c: f"clock of the fix paused until {c['until']}{_why(c)}",
    "fix_resumed": lambda c: (
        f"clock of the fix runs again, due {c.get('new_due') or 'unscheduled'}"
    ),
    "window_started": lambda c: f"monitoring until {c['ends_at']}",
    "window_stopped": lambda c: f"monitoring stopped{_why(c)}",
    "note_added": lambda c: f"note: {_cut(c['text'])}",
    "evidence_recorded": lambda c: f"evidence: {_cut(c['title'])}",
    "decision_recorded": lambda c: f"decided: {_cut(c['chosen'])}, because {_cut(c['why'])}",
    "link_added": lambda c: f"link ({spaced(c['purpose'])}): {_cut(c['title'])} {c['url']}",
    "channel_recorded": lambda c: f"{spaced(c['channel'])}: {c['address']}",
    "corrected": lambda c: f"entry {c['supersedes']} put right: {_cut(c['text'])}",
    "beginning_corrected": lambda c: f"it began {c['new']}{_why(c)}",
    "impact_recorded": _impact,
    "item_settled": _settled,
    "update_recorded": _update,
    "update_due_soon": lambda c: f"update to {c['audience']} due {c['due_at']}",
    "update_missed": lambda c: f"MISSED: update to {c['audience']}, due {c['due_at']}",
    "customers_decided": _customers,
    "customers_proposed": lambda c: f"asked: {_customers(c)}",
    "criterion_confirmed": lambda c: f"{spaced(c['criterion'])}: {_cut(c['evidence'])}",
    "waiver_asked": _waiver,
    "waiver_approved": lambda c: f"{c['person']} agreed to close without {spaced(c['criterion'])}",
    "closing_proposed": lambda c: f"asked to close it as {spaced(c['resolution'])}{_why(c)}",
    "closed": _closed,
    "reopened": lambda c: f"reopened, for cycle {c['cycle']}{_why(c)}",
    "postmortem_published": _postmortem,
    "prevention_verified": lambda c: f"preventive action {c['action']} works: {c['check']}",
    "restricted": lambda c: f"restricted{_why(c)}",
    "restriction_lifted": lambda c: f"restriction lifted{_why(c)}",
    "freeze_extended": lambda c: f"freeze held until {c.get('until') or 'nobody knows'}{_why(c)}",
    "freeze_lifted": lambda c: f"freeze lifted{_why(c)}",
    "change_allowed": lambda c: f"{c['change']} may go out{_why(c)}",
    "keys_given": lambda c: (
        f"{len(c['keys'])} alarms go on as {c.get('called') or c['into']}{_why(c)}"
    ),
    "keys_taken": lambda c: (
        f"{len(c['keys'])} alarms taken over from {c.get('called') or c['source']}"
    ),
    "duplicate_absorbed": lambda c: (
        f"{c.get('called') or c['duplicate']} is the same and goes on here"
    ),
    "drill_stopped": lambda c: f"drill stopped for {c.get('called') or c['real']}",
}
