"""Items of the `incidents` table that are about commits: written here and read back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import Item, key, n, s
from tocsin.adapters.incidents import keys
from tocsin.incidents.model.work import Follower, Known, Seen, same
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLLOWED_FOR = timedelta(days=365)
SEEN_FOR = timedelta(days=30)
NEWER = "attribute_not_exists(PK) OR #rank < :rank"
"""Whether what is kept of the same is older; it does not matter which of them comes first."""


def follower_item(commit: str, incident: str, at: datetime) -> Item:
    """That an incident is told of a commit."""
    return key(keys.commit_pk(commit), keys.follower_sk(incident, commit)) | {
        "v": n(keys.ITEM_VERSION),
        "incident": s(incident),
        "commit": s(commit),
        "ttl": n(int((at + FOLLOWED_FOR).timestamp())),
    }


def seen_item(seen: Seen, recorded_at: datetime) -> Item:
    """The newest that was seen of one check or environment of a commit."""
    return key(keys.commit_pk(seen.commit), f"{keys.SEEN}{seen.key}") | {
        "v": n(keys.ITEM_VERSION),
        "rank": s(seen.rank),
        "body": s(canonical_json(encode_fields(seen)).decode()),
        "ttl": n(int((recorded_at + SEEN_FOR).timestamp())),
    }


def known_in(items: Iterable[Item], commit: str) -> Known:
    """What the items of a partition say of one commit."""
    followers: list[Follower] = []
    seen: list[Seen] = []
    for item in items:
        if item["SK"]["S"].startswith(keys.SEEN):
            seen.append(decode_fields(Seen, json.loads(item["body"]["S"])))
        else:
            followers.append(Follower(incident=item["incident"]["S"], commit=item["commit"]["S"]))
    return Known(
        followers=tuple(one for one in followers if same(one.commit, commit)),
        seen=tuple(one for one in seen if same(one.commit, commit)),
    )
