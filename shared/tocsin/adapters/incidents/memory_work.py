"""What is known of commits, in memory: the part of the twin that no command writes."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.keys import commit_pk
from tocsin.adapters.incidents.work_items import follower_item, known_in, seen_item

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.attributes import Item
    from tocsin.incidents.model.work import Known, Seen


class MemoryWork:
    """Commits by their beginning, with the items that the table would have."""

    def __init__(self) -> None:
        self._commits: dict[tuple[str, str], Item] = {}
        self._commits_lock = Lock()

    def follow(self, commit: str, incident: str, *, at: datetime) -> None:
        self._keep(follower_item(commit, incident, at))

    def see(self, seen: Seen, *, recorded_at: datetime) -> None:
        self._keep(seen_item(seen, recorded_at))

    def known_of(self, commit: str) -> Known:
        mine = commit_pk(commit)
        items = (item for item in tuple(self._commits.values()) if item["PK"]["S"] == mine)
        return known_in(items, commit)

    def _keep(self, item: Item) -> None:
        place = item["PK"]["S"], item["SK"]["S"]
        with self._commits_lock:
            known = self._commits.get(place)
            if known is None or "rank" not in known or known["rank"]["S"] < item["rank"]["S"]:
                self._commits[place] = item
