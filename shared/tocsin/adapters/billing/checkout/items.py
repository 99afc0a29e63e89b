"""Intents, attempts and breakers as items of the `operations` table, and back. Stored formats.

    INTENT#<id>                     INTENT                      body, ver, v, ttl
    INTENTS#open                    <created>#<id>              the unsettled ones; v, done, ttl
    CHECKOUT#<yyyymmddhh>           <ms>#<intent>#<provider>    body, v, ttl: one attempt
    BRK#<provider>#<account>#<mode> STATE                       body, ver, v

A body is JSON of the record's fields. A field added later has a default, so old bodies still read.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.billing.checkout.decision import DoubleDecision, Remedy
from tocsin.billing.checkout.intent import Intent
from tocsin.billing.checkout.leg import Leg, LegState
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import hour_bucket

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import Item

SCHEMA_VERSION = 1
OPEN_PK = "INTENTS#open"
DONE_SECONDS = 3_600
KEPT_SECONDS = 400 * 86_400
"""Over a year: a double or a missing payment is sometimes found at the next yearly charge."""


def intent_key(intent_id: str) -> Item:
    """Where one intent is."""
    return {"PK": {"S": f"INTENT#{intent_id}"}, "SK": {"S": "INTENT"}}


def open_key(intent: Intent) -> Item:
    """Its place in the list of unsettled ones."""
    return {"PK": {"S": OPEN_PK}, "SK": {"S": open_sk(*intent.place)}}


def open_sk(created: int, intent_id: str) -> str:
    """The sort key of a place."""
    return f"{created:012d}#{intent_id}"


def open_item(intent: Intent) -> Item:
    """That place; once settled it only waits for the table to forget it.

    While a key of it is looked for again it is aside, with the time of that. No function may delete
    anything, so leaving the list is a mark too.
    """
    place = open_key(intent) | {"v": {"N": str(SCHEMA_VERSION)}, "id": {"S": intent.id}}
    if not intent.settled:
        return place
    if intent.look_again_at is not None:
        return place | {"again": {"N": str(intent.look_again_at)}}
    return place | {"done": {"BOOL": True}, "ttl": {"N": str(intent.created + DONE_SECONDS)}}


def intent_item(intent: Intent) -> Item:
    """One intent."""
    return intent_key(intent.id) | {
        "v": {"N": str(SCHEMA_VERSION)},
        "ver": {"N": str(intent.ver)},
        "body": {"S": _text(_intent(intent))},
        "ttl": {"N": str(intent.created + KEPT_SECONDS)},
    }


def _intent(intent: Intent) -> dict[str, Any]:
    """As it was written before keys were looked for again, where none is."""
    plain = asdict(intent)
    for leg in plain["legs"]:
        if not leg["look_again_at"]:
            del leg["look_again_at"]
    return plain


def intent_of(item: Item) -> Intent:
    """The inverse of `intent_item`."""
    plain = json.loads(item["body"]["S"])
    typed = {
        "legs": tuple(_leg(each) for each in plain["legs"]),
        "decisions": tuple(_decision(each) for each in plain.get("decisions", ())),
    }
    return Intent(**{**plain, **typed})


def attempt_item(attempt: Attempt) -> Item:
    """One line of the log."""
    return {
        "PK": {"S": hour_pk(attempt.second)},
        "SK": {"S": f"{attempt.at:015d}#{attempt.intent}#{attempt.provider}"},
        "v": {"N": str(SCHEMA_VERSION)},
        "body": {"S": _text(asdict(attempt))},
        "ttl": {"N": str(attempt.second + KEPT_SECONDS)},
    }


def attempt_of(item: Item) -> Attempt:
    """The inverse of `attempt_item`."""
    plain = json.loads(item["body"]["S"])
    return Attempt(**{**plain, "result": Result(plain["result"])})


def hour_pk(second: int) -> str:
    """The partition of an hour of the log."""
    return f"CHECKOUT#{hour_bucket(second)}"


def breaker_key(identity: Identity) -> Item:
    """Where a breaker is."""
    return {"PK": {"S": f"BRK#{identity}"}, "SK": {"S": "STATE"}}


def breaker_item(identity: Identity, breaker: Breaker) -> Item:
    """One breaker."""
    return breaker_key(identity) | {
        "v": {"N": str(SCHEMA_VERSION)},
        "ver": {"N": str(breaker.ver)},
        "body": {"S": _text(asdict(breaker))},
    }


def breaker_of(item: Item) -> Breaker:
    """The inverse of `breaker_item`; a closed breaker for what cannot be read.

    Nothing is lost by that: the log of attempts decides, and the next failure opens it again.
    """
    try:
        plain = json.loads(item["body"]["S"])
        return Breaker(**{**plain, "phase": Phase(plain["phase"])})
    except (ValueError, TypeError, LookupError):
        ver = item.get("ver", {}).get("N")
        return Breaker(ver=int(ver) if ver else 0)


def _leg(plain: dict[str, Any]) -> Leg:
    typed = {"identity": Identity(**plain["identity"]), "state": LegState(plain["state"])}
    return Leg(**{**plain, **typed})


def _decision(plain: dict[str, Any]) -> DoubleDecision:
    return DoubleDecision(**{**plain, "remedy": Remedy(plain["remedy"])})


def _text(plain: dict[str, Any]) -> str:
    return json.dumps(plain, separators=(",", ":"))
