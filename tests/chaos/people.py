"""People who give commands and repeat each one under the same key until they are answered."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.errors import RemoteError, Unavailable
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.cloud.local_cloud import Deployed

PERSON = "commander-primary"
AT_ONCE = 6
TO_AN_INCIDENT = 12
"""Commands given on one incident, its opening among them."""

TRIES, WAIT = 60, 0.25
_AGAIN = frozenset({"version_conflict", "dedup_key_taken", "number_taken", "http_429"})


@dataclass(frozen=True, slots=True)
class Given:
    """A command that was given. `mark` is text that its one entry on the timeline has."""

    key: str
    mark: str
    incident: str
    answered: bool
    opens: bool = False
    refused: str = ""


@dataclass(slots=True)
class People:
    """One person at several terminals; the link is theirs."""

    stage: Deployed
    link: str
    seed: int
    given: list[Given] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, commands: int) -> None:
        """Opens incidents and works on them until so many commands are given."""
        incidents = max(1, -(-commands // TO_AN_INCIDENT))
        shares = [
            commands // incidents + (number < commands % incidents) for number in range(incidents)
        ]
        with ThreadPoolExecutor(AT_ONCE) as terminals:
            for done in [
                terminals.submit(self._incident, number, share)
                for number, share in enumerate(shares)
            ]:
                done.result()

    def _incident(self, number: int, share: int) -> None:
        api = self._api()
        mark = f"chaos {self.seed}/{number}/0."
        wish = {"title": mark, "severity": "high", "category": "production"}
        answer = self._give(api, "/v1/incidents", wish, mark, opens=True)
        if answer is None:
            return
        path = f"/v1/incidents/{answer['id']}"
        for step in range(1, share):
            mark = f"chaos {self.seed}/{number}/{step}."
            verb, wish = _wish(step, mark)
            self._give(api, f"{path}/{verb}", wish, mark, incident=answer["id"])
            if step == 1:  # whoever has it is not paged again and again
                self._until_answered(api, f"{path}/acknowledge", {}, f"ack {mark}")

    def _give(
        self,
        api: ApiClient,
        path: str,
        wish: Mapping[str, Any],
        mark: str,
        *,
        incident: str = "",
        opens: bool = False,
    ) -> dict[str, Any] | None:
        answer = self._until_answered(api, path, wish, mark)
        refused = answer.get("refused", "")
        done = Given(
            key=mark,
            mark=mark,
            incident=incident or str(answer.get("id", "")),
            answered=bool(answer) and not refused,
            opens=opens,
            refused=refused,
        )
        with self._lock:
            self.given.append(done)
        return answer if done.answered else None

    def _until_answered(
        self, api: ApiClient, path: str, wish: Mapping[str, Any], key: str
    ) -> dict[str, Any]:
        """What it led to; `refused` has the code of a refusal, nothing at all means no answer."""
        for _ in range(TRIES):
            try:
                return api.post(path, wish, key=key)
            except Unavailable:
                pass
            except RemoteError as error:
                if error.http_status < 500 and error.answered not in _AGAIN:
                    return {"refused": error.answered}
            time.sleep(WAIT)
        return {}

    def _api(self) -> ApiClient:
        keys = self.stage.as_person(PERSON)
        credentials = session_credentials(keys.access, keys.secret, keys.token)
        url = self.stage.outputs["api_url"].replace(self.stage.clients.endpoint, self.link)
        return ApiClient(url, self.stage.outputs["region"], credentials)

    def account(self) -> dict[str, int]:
        """What became of the commands: what is on the timelines, beside what was answered.

        `stored` are those whose key is remembered, `applied` those that are on a timeline. One that
        is not on it is lost, every further entry of one is a double. Acknowledgements, which leave
        no text of their own, are not among them.
        """
        entries, opened, traces = self._found()
        applied = {each.mark for each in self.given if entries[each.mark] or opened[each.mark]}
        times = Counter({each.mark: entries[each.mark] for each in self.given if not each.opens})
        times |= Counter({each.mark: opened[each.mark] for each in self.given if each.opens})
        answered = {each.mark for each in self.given if each.answered}
        return {
            "sent": len(self.given),
            "answered": len(answered),
            "stored": sum(_remembered(each.key) in traces for each in self.given),
            "applied": len(applied),
            "lost": len({each.mark for each in self.given} - applied),
            "doubled": sum(count - 1 for count in times.values() if count > 1),
            "refused": sum(bool(each.refused) for each in self.given),
        }

    def _found(self) -> tuple[Counter[str], Counter[str], set[str]]:
        """By mark: entries of timelines, and incidents; then the names of remembered keys."""
        marks = {each.mark for each in self.given}
        entries: Counter[str] = Counter()
        opened: Counter[str] = Counter()
        for item in self.stage.items("incidents"):
            kind, text = item["SK"]["S"].partition("#")[0], json.dumps(item, default=str)
            if kind == "T":
                entries.update(mark for mark in marks if mark in text)
            elif kind == "META":
                opened.update(mark for mark in marks if mark in text)
        traces = {
            item["hash"]["S"]
            for table in ("incidents", "operations")
            for item in self.stage.items(table)
            if "hash" in item and "request_hash" in item
        }
        return entries, opened, traces


def _remembered(key: str) -> str:
    """Under which name a person's key lies, as the data model has it."""
    return hashlib.sha256(f"person:{PERSON}\n{key}".encode()).hexdigest()


def _wish(step: int, mark: str) -> tuple[str, dict[str, Any]]:
    """The verb of a step and what it says."""
    match step % 4:
        case 0:
            return "link", {"purpose": "evidence", "url": "https://example.com/", "title": mark}
        case 1:
            return "note", {"text": mark}
        case 2:
            return "evidence", {"title": mark, "text": "as it was found"}
        case _:
            return "decide", {
                "chosen": mark,
                "rejected": ["to wait"],
                "why": "it helps",
                "expected_effect": "fewer errors",
            }
