"""Command lines and what they print, kept as text that a person can read and a test compares.

`TOCSIN_WRITE_TRANSCRIPTS=1` writes what is printed now; look at the difference before keeping it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.cli import main
from tocsin.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tests.harness.worlds.billing_office import BillingOffice

FOLDER = Path(__file__).parents[1] / "integration" / "transcripts"
WRITE = "TOCSIN_WRITE_TRANSCRIPTS"


@dataclass(slots=True)
class Transcript:
    """What was typed and shown so far."""

    capsys: pytest.CaptureFixture[str]
    lines: list[str] = field(default_factory=list)

    def type(self, *words: str, hidden: tuple[str, ...] = ()) -> int:
        """Runs one command; `hidden` words are typed and not shown. Its exit code."""
        self.capsys.readouterr()
        code = main.run([*words, *hidden])
        shown = self.capsys.readouterr()
        self.lines.append(f"$ tocsin {' '.join(_quoted(word) for word in words)}")
        self.lines += [line.rstrip() for line in (shown.out + shown.err).splitlines()]
        if code:
            self.lines.append(f"[exit code {code}]")
        self.lines.append("")
        return code

    def say(self, text: str) -> None:
        """A line that explains what happens between two commands."""
        self.lines.append(f"# {text}")

    def matches(self, name: str) -> bool:
        """Whether it is the kept one, word for word; shows both where not."""
        found, file = "\n".join(self.lines), FOLDER / f"{name}.txt"
        if os.environ.get(WRITE):
            file.write_text(found, encoding="utf-8")
        kept = file.read_text(encoding="utf-8")
        assert found == kept
        return True


@dataclass(frozen=True, slots=True)
class InProcess:
    """Behaves as the API client does, over the functions of this process."""

    office: BillingOffice
    person: str
    group: str

    def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        return self._ask("GET", path, None, query=wanted)

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> dict[str, Any]:
        return self._ask("POST", path, dict(body), headers={"idempotency-key": key or ""})

    def _ask(self, method: str, path: str, body: object, **more: Any) -> dict[str, Any]:
        incidents = path.startswith("/v1/incidents")
        ask = self.office.world.request if incidents else self.office.request
        status, document, _ = ask(method, path, body, person=self.person, group=self.group, **more)
        if status >= 400:
            raise RemoteError(document["detail"], answered=document["code"], status=status)
        return document


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word
