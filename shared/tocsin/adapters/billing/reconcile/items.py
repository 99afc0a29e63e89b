"""A reconciliation as DynamoDB items, and back. A stored format, in the operations table.

PK RECON#<id>  SK META            the cursor; `d` its JSON, `ver` its version, `tok` its write
PK RECON#<id>  SK NOTE#<6 n>      what a page of a list held, deflated
PK RECON#<id>  SK W#<workspace>   a workspace that was read
PK RECON#<id>  SK MISMATCH#<id>   a mismatch and what became of it
PK RECONS      SK <started>#<id>  of every reconciliation, newest last
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, astuple, replace
from typing import TYPE_CHECKING, Any

from tocsin.billing.identity import Identity
from tocsin.billing.reconcile.accounts import Left, NotCompared
from tocsin.billing.reconcile.compare import Healing, Kind, Mismatch
from tocsin.billing.reconcile.work import (
    Compared,
    Cursor,
    Found,
    Scope,
    Stage,
    Standing,
    State,
    Tally,
)
from tocsin.ports.billing.reconcile import Listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.adapters.aws.call import Item

SCHEMA_VERSION = 1
KEPT_SECONDS = 400 * 86_400
META, LIST_PK = "META", "RECONS"


def pk(name: str) -> str:
    """The partition of everything about one reconciliation."""
    return f"RECON#{name}"


def item(partition: str, sort: str, **attributes: Any) -> Item:
    """An item of ours; attributes that are None are left out."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return {"PK": {"S": partition}, "SK": {"S": sort}, "v": {"N": str(SCHEMA_VERSION)}, **given}


def cursor_item(cursor: Cursor) -> Item:
    """The cursor's item; `ver` is the version it will have."""
    kept = asdict(cursor)
    if not cursor.left:
        del kept["left"]
    return item(
        pk(cursor.id),
        META,
        ver={"N": str(cursor.ver)},
        d={"S": _json(kept)},
        ttl={"N": str(cursor.started_at + KEPT_SECONDS)},
    )


def cursor_of(stored: Mapping[str, Any]) -> Cursor:
    """The inverse of `cursor_item`."""
    found = json.loads(stored["d"]["S"])
    known = {name: value for name, value in found.items() if name in Cursor.__dataclass_fields__}
    stalled_in = found["stalled_in"]
    cursor = Cursor(
        **known
        | {
            "identities": tuple(Identity(**each) for each in found["identities"]),
            "scope": Scope(found["scope"]),
            "stage": Stage(found["stage"]),
            "stalled_in": Stage(stalled_in) if stalled_in else None,
            "workspaces": tuple(found["workspaces"]),
            "heal": tuple(found["heal"]),
            "tally": _tally_of(found.get("tally")),
            "left": tuple(
                Left(each["account"], NotCompared(each["why"]), each["count"])
                for each in found.get("left", ())
            ),
        }
    )
    return replace(cursor, ver=int(stored["ver"]["N"]))


def _tally_of(found: Mapping[str, Any] | None) -> Tally | None:
    if found is None:
        return None
    return Tally(Standing(**found["standing"]), tuple(found["unknown"]), found["digest"])


def note_item(name: str, number: int, listed: Sequence[Listed]) -> Item:
    """What a page of a list held."""
    text = _json([astuple(each) for each in listed])
    packed = base64.b64encode(zlib.compress(text.encode())).decode()
    return item(pk(name), note_sk(number), d={"B": packed})


def note_of(stored: Mapping[str, Any]) -> list[Listed]:
    """The inverse of `note_item`."""
    found = json.loads(zlib.decompress(base64.b64decode(stored["d"]["B"])))
    return [Listed(*each) for each in found]


def compared_item(name: str, compared: Compared) -> Item:
    """A workspace that was read."""
    return item(pk(name), workspace_sk(compared.workspace), d={"S": _json(asdict(compared))})


def compared_of(stored: Mapping[str, Any]) -> Compared:
    """The inverse of `compared_item`."""
    found = json.loads(stored["d"]["S"])
    return Compared(found["workspace"], tuple(found["subscriptions"]), tuple(found["unknown"]))


def found_item(name: str, found: Found) -> Item:
    """A mismatch."""
    return item(pk(name), mismatch_sk(found.mismatch.id), d={"S": _json(asdict(found))})


def found_of(stored: Mapping[str, Any]) -> Found:
    """The inverse of `found_item`."""
    found = json.loads(stored["d"]["S"])
    told = found["mismatch"]
    mismatch = Mismatch(
        **told
        | {
            "kind": Kind(told["kind"]),
            "healing": Healing(told["healing"]),
            "identity": Identity(**told["identity"]),
            "others": tuple(told["others"]),
        }
    )
    state, approver = State(found["state"]), found.get("approver", "")
    return Found(mismatch, state, found["by"], found["note"], found["at"], approver)


def note_sk(number: int) -> str:
    """Sorts as the pages do."""
    return f"NOTE#{number:06d}"


def workspace_sk(workspace: str) -> str:
    """Of one workspace."""
    return f"W#{workspace}"


def mismatch_sk(mismatch: str) -> str:
    """Of one mismatch."""
    return f"MISMATCH#{mismatch}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
