"""A replay as DynamoDB items, and back. A stored format, in the operations table.

PK REPLAY#<id>        SK CURSOR        the cursor; `d` its JSON, `ver` its version, `tok` its write
PK REPLAY#<id>        SK PAGE#<6 n>    `d` what the page held, deflated
PK REPLAY#<id>        SK OUTCOMES      a number for each outcome of the projector, `o_<outcome>`
PK REPLAY#<id>        SK AUDIT#<id>    one object that was fetched (`replay.outcomes`)
PK REPLAYS#<identity> SK RUNNING       `replay` the newest; it runs unless it has ended
PK REPLAYS#<identity> SK <id>          `id` of every replay of the identity, newest last
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import Counts, Cursor, Kind, Stage, Window
from tocsin.ports.billing.replay import Missing, PageNote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import Item

SCHEMA_VERSION = 1
KEPT_SECONDS = 400 * 86_400
CURSOR_SK = "CURSOR"
RUNNING_SK = "RUNNING"
OUTCOMES_SK = "OUTCOMES"
OUTCOME_PREFIX = "o_"


def cursor_item(cursor: Cursor) -> Item:
    """The cursor's item; `ver` is the version it will have."""
    return {
        "PK": {"S": replay_pk(cursor.id)},
        "SK": {"S": CURSOR_SK},
        "v": {"N": str(SCHEMA_VERSION)},
        "ver": {"N": str(cursor.ver)},
        "d": {"S": json.dumps(asdict(cursor), separators=(",", ":"), sort_keys=True)},
        "ttl": {"N": str(cursor.started_at + KEPT_SECONDS)},
    }


def cursor_of(item: Mapping[str, Any]) -> Cursor:
    """The inverse of `cursor_item`."""
    found = json.loads(item["d"]["S"])
    stalled_in = found["stalled_in"]
    cursor = Cursor(
        **(
            found
            | {
                "identity": Identity(**found["identity"]),
                "window": Window(**found["window"]),
                "stage": Stage(found["stage"]),
                "stalled_in": Stage(stalled_in) if stalled_in else None,
                "first": Counts(**found["first"]),
                "last": Counts(**found["last"]),
                "kind": Kind(found.get("kind", Kind.EVENTS)),
            }
        )
    )
    return replace(cursor, ver=int(item["ver"]["N"]))


def page_item(replay: str, page: PageNote) -> Item:
    """A page's item."""
    missing = [[each.id, each.created, each.type, each.workspace] for each in page.missing]
    held = {"types": dict(page.types), "missing": missing, "subs": page.subscriptions}
    text = json.dumps(held, separators=(",", ":"))
    return {
        "PK": {"S": replay_pk(replay)},
        "SK": {"S": page_sk(page.number)},
        "v": {"N": str(SCHEMA_VERSION)},
        "d": {"B": base64.b64encode(zlib.compress(text.encode())).decode()},
    }


def page_of(item: Mapping[str, Any]) -> PageNote:
    """The inverse of `page_item`."""
    found = json.loads(zlib.decompress(base64.b64decode(item["d"]["B"])))
    return PageNote(
        number=int(item["SK"]["S"].partition("#")[2]),
        types=found["types"],
        missing=tuple(Missing(*each) for each in found["missing"]),
        subscriptions=tuple(found["subs"]),
    )


def replay_pk(replay: str) -> str:
    """The partition of everything about one replay."""
    return f"REPLAY#{replay}"


def replays_pk(identity: Identity) -> str:
    """The partition that lists an identity's replays."""
    return f"REPLAYS#{identity}"


def page_sk(number: int) -> str:
    """Sorts as the pages do."""
    return f"PAGE#{number:06d}"
