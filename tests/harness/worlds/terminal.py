"""`tocsin` over a world: what people type, the API it reaches, and a clock that is moved.

The command line's own program runs, signs its requests and reads its answers; only the network
between it and the function is taken out. `--as PERSON:GROUP` says who types.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tocsin.cli import main
from tocsin.cli.incidents.tables import PENDING
from tocsin.cli.terminal import api
from tocsin.incidents.timeline.entry import parse_time
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pytest

    from tests.harness.worlds.world import World
    from tocsin.incidents.vocabulary import Group


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    data: bytes


class _Gateway:
    """Stands where the connection pool does: hands a request to the world's API."""

    def __init__(self, world: World, person: str, group: Group) -> None:
        self.world, self.person, self.group = world, person, group

    def request(
        self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> _Answer:
        assert "Authorization" in headers, "every request is signed"
        parts = urlsplit(url)
        status, document, _ = self.world.request(
            method,
            unquote(parts.path),
            None if body is None else body.decode(),
            person=self.person,
            group=self.group,
            headers={name.lower(): value for name, value in headers.items()},
            query=dict(parse_qsl(parts.query)),
        )
        return _Answer(status, json.dumps(document).encode())


class Terminal:
    """`tocsin` in this process, over a world."""

    def __init__(
        self, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.world, self.capsys = world, capsys
        monkeypatch.setattr(api, "_local", self._connect)

    def _connect(self, person: str, group: Group) -> ApiClient:
        pool: Any = _Gateway(self.world, person, group)
        keys = session_credentials("AKIAFAKEFORTESTS0000", "not-a-secret", "not-a-token")
        return ApiClient("https://tocsin.test", "us-east-1", keys, pool)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, what went to stdout and to stderr."""
        self.capsys.readouterr()
        code = main.run(words)
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, *words: str) -> Any:
        """The document of a command that is done, or waits for a second person."""
        code, out, err = self.run(*words, "--json")
        assert code in (0, PENDING), err
        document = json.loads(out)
        if isinstance(document, dict):
            assert document.get("pending", False) == (code == PENDING)
        return document

    def text(self, *words: str) -> str:
        """What people read of a command that is done."""
        code, out, err = self.run(*words)
        assert code == 0, err
        return out

    def refused(self, *words: str) -> tuple[int, str]:
        """Exit code and the API's own code of what is refused."""
        code, out, err = self.run(*words, "--json")
        assert code != 0, out
        found = json.loads(err)["error"]
        return code, str(found.get("answered") or found["code"])

    def at(self, moment: datetime) -> None:
        """Incident time moves on to `moment`, with the sweep once a minute of what is due."""
        step = moment - self.world.clock.now
        self.world.jump(int(step.total_seconds() // 60))
        assert self.world.clock.now == moment

    def clocks(self, incident: str) -> dict[str, dict[str, Any]]:
        """The clocks by name."""
        return {one["clock"]: one for one in self.json("clocks", incident)["clocks"]}

    def due(self, incident: str, clock: str) -> datetime | None:
        found = self.clocks(incident)[clock]["due_at"]
        return None if found is None else parse_time(found)
