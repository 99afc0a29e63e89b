"""Items of the `incidents` table that are about signals: written here and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tocsin.adapters.aws.attributes import Item, key, n, s
from tocsin.adapters.incidents import keys
from tocsin.incidents import limits
from tocsin.incidents.model.maintenance import Window
from tocsin.incidents.model.noise import Heard
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import Json, canonical_json, format_time, parse_time
from tocsin.incidents.vocabulary import Severity
from tocsin.ports.signals import Aside, Clear, Unknown, Why

TRACE_TTL = timedelta(days=30)


def trace_item(
    signal: Signal, incident: str | None, recorded_at: datetime, why: Why | None = None
) -> Item:
    """What is left of a signal beside the entry it led to, for a month."""
    item = key(keys.pointer_pk(signal.key), keys.trace_sk(signal)) | {
        "v": n(keys.ITEM_VERSION),
        "firing": {"BOOL": signal.firing},
        "recorded_at": s(format_time(recorded_at)),
        "ttl": n(int((recorded_at + TRACE_TTL).timestamp())),
    }
    if signal.only_told:
        item |= {"told": {"BOOL": True}}
    if why is not None:
        item |= {"why": s(why)}
    return item if incident is None else item | {"incident": s(incident)}


def heard_of(item: Item) -> Heard | None:
    """What a trace says that a key has said; None where it was only told."""
    if "told" in item:
        return None
    _, at, signal_id = item["SK"]["S"].split("#", 2)
    return Heard(
        id=signal_id,
        at=parse_time(at),
        firing=item["firing"]["BOOL"],
        why=item["why"]["S"] if "why" in item else None,
    )


def lead_item(name: str, incident: str, at: datetime) -> Item:
    """The incident that opened last under a name."""
    return key(keys.lead_pk(name), keys.LEADING) | {
        "v": n(keys.ITEM_VERSION),
        "incident": s(incident),
        "ttl": n(int((at + TRACE_TTL).timestamp())),
    }


def windows_text(windows: tuple[Window, ...]) -> str:
    """The stored form of all maintenance windows, shared with the memory store."""
    return canonical_json({"windows": [encode_fields(one) for one in windows]}).decode()


def windows_of(text: str) -> tuple[Window, ...]:
    """The inverse of `windows_text`."""
    return tuple(decode_fields(Window, one) for one in json.loads(text)["windows"])


def windows_item(windows: tuple[Window, ...]) -> Item:
    """All maintenance windows, ended ones of late included."""
    return key(keys.MAINTENANCE_PK, keys.WINDOWS) | {
        "v": n(keys.ITEM_VERSION),
        "body": s(windows_text(windows)),
    }


def unknown_item(unknown: Unknown, week: str, batch: str) -> Item:
    """Signals of one key and batch that no rule knows, for as long as traces are kept."""
    return key(keys.unknown_pk(week), f"{unknown.key}#{batch}") | {
        "v": n(keys.ITEM_VERSION),
        "body": s(canonical_json(encode_fields(unknown)).decode()),
        "ttl": n(int((unknown.at + TRACE_TTL).timestamp())),
    }


def unknown_of(item: Item) -> Unknown:
    """The inverse of `unknown_item`."""
    told = json.loads(item["body"]["S"])
    return Unknown(**told | {"at": parse_time(told["at"])})


def week_item(week: str, due: datetime | None, at: datetime) -> Item:
    """That a week's unknown signals are to be told of, or have been."""
    item = key(keys.unknown_pk(week), keys.WEEK) | {
        "v": n(keys.ITEM_VERSION),
        "ttl": n(int((at + 2 * TRACE_TTL).timestamp())),
    }
    if due is None:
        return item
    return item | {"due_pk": s(keys.due_pk(week)), "due_sk": n(keys.due_sk(due))}


def aside_item(aside: Aside) -> Item:
    """A signal that led to nothing, for a month."""
    at = aside.at.astimezone(UTC)
    return key(keys.aside_pk(at.date()), keys.aside_sk(at, aside.id)) | {
        "v": n(keys.ITEM_VERSION),
        "body": s(canonical_json(encode_fields(aside)).decode()),
        "ttl": n(int((at + TRACE_TTL).timestamp())),
    }


def aside_of(item: Item) -> Aside:
    """The inverse of `aside_item`."""
    told = json.loads(item["body"]["S"])
    until = told.get("until")
    return Aside(
        **told
        | {
            "at": parse_time(told["at"]),
            "occurred_at": parse_time(told["occurred_at"]),
            "why": Why(told["why"]),
            "until": parse_time(until) if until else None,
        }
    )


def clear_item(signal: Signal, recorded_at: datetime) -> Item:
    """The newest clear of a key that nothing was open for."""
    return key(keys.pointer_pk(signal.key), keys.CLEAR) | {
        "v": n(keys.ITEM_VERSION),
        "id": s(limits.shortened(signal.id, limits.LINE)),
        "title": s(limits.shortened(signal.title, limits.LINE)),
        "occurred_at": s(format_time(signal.occurred_at)),
        "ttl": n(int((recorded_at + TRACE_TTL).timestamp())),
    }


def clear_of(item: Item) -> Clear:
    """The inverse of `clear_item`."""
    return Clear(
        id=item["id"]["S"],
        title=item["title"]["S"],
        occurred_at=parse_time(item["occurred_at"]["S"]),
    )


def held_item(signal: Signal, until: datetime) -> Item:
    """A signal that waits to be let through, in the due index."""
    told: dict[str, Json] = {
        "id": limits.shortened(signal.id, limits.LINE),
        "source": signal.source,
        "rule": limits.shortened(signal.rule, limits.LINE),
        "dedup_key": signal.dedup_key,
        "title": limits.shortened(signal.title, limits.LINE),
        "detail": limits.shortened(signal.detail, limits.SIGNAL_DETAIL),
        "firing": signal.firing,
        "occurred_at": format_time(signal.occurred_at),
        "service": signal.service,
        "environment": signal.environment,
        "facts": {**limits.facts(signal.facts)},
        "correlation_id": signal.correlation_id,
        "drill": signal.drill,
        "suppressed": signal.suppressed,
        "held_until": format_time(until),
        "part": signal.part,
        "gone": signal.gone,
        **{name: value for name, value in _later(signal).items() if value},
    }
    return key(keys.pointer_pk(signal.key), keys.HELD) | {
        "v": n(keys.ITEM_VERSION),
        "occurred_at": s(format_time(signal.occurred_at)),
        "body": s(canonical_json(told).decode()),
        "due_pk": s(keys.due_pk(signal.key)),
        "due_sk": n(keys.due_sk(until)),
    }


def _later(signal: Signal) -> dict[str, Json]:
    """What signals say since some were stored without it."""
    return {
        "hint": signal.hint,
        "overheard": signal.overheard,
        "only_told": signal.only_told,
        "withdraws": signal.withdraws,
        "yields": signal.yields,
        "named_only": signal.named_only,
        "link": limits.shortened(signal.link, limits.REASON),
        "received_at": None if signal.received_at is None else format_time(signal.received_at),
        "held_for": signal.held_for,
        "held_since": None if signal.held_since is None else format_time(signal.held_since),
    }


def let_go_item(dedup_key: str, until: datetime, recorded_at: datetime) -> Item:
    """What is left where a signal was held: nothing that occurred before is held any more."""
    return key(keys.pointer_pk(dedup_key), keys.HELD) | {
        "v": n(keys.ITEM_VERSION),
        "occurred_at": s(format_time(until)),
        "ttl": n(int((recorded_at + TRACE_TTL).timestamp())),
    }


def held_of(item: Item) -> Signal | None:
    """The inverse of `held_item`; None where it was let go."""
    if "body" not in item:
        return None
    told = json.loads(item["body"]["S"])
    typed: dict[str, object] = {"hint": Severity(told["hint"])} if "hint" in told else {}
    typed |= {
        name: parse_time(told[name]) for name in ("received_at", "held_since") if name in told
    }
    return Signal(
        **told
        | typed
        | {
            "occurred_at": parse_time(told["occurred_at"]),
            "held_until": parse_time(told["held_until"]),
        }
    )
