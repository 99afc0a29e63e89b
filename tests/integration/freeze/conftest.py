"""Deployments of a repository before a world: GitHub asks, the gate answers, time is moved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.github_ingest.deliveries import Deliveries, Deployments
from tests.harness.fakes.github_app import GithubApp, github_app
from tests.harness.worlds.findings import Findings, gateway_event, sample, signed
from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.world import World
from tocsin.adapters.github.app import App, GithubReviews
from tocsin.adapters.releases.deployments import MemoryDeployments
from tocsin.application.releases.deployments import DeploymentGate, Looked, Rounds
from tocsin.errors import Unavailable
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.web import http
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.github_ingest.deliveries import Taken
    from tocsin.incidents.model.deployments import Deployment


@dataclass(slots=True)
class Secret:
    """The App's secret, and one that a rotation has brought since."""

    document: dict[str, Any]
    newer: dict[str, Any] | None = None

    def get(self) -> App:
        return App.read(self.document)

    def refreshed(self) -> App | None:
        if self.newer is None:
            return None
        self.document, self.newer = self.newer, None
        return self.get()


class Gate:
    """The ingest and the gate of one stage, over one world."""

    def __init__(self, terminal: Terminal, github: GithubApp) -> None:
        self.terminal, self.github, self.world = terminal, github, terminal.world
        self.store, self.secret = MemoryDeployments(), Secret(github.secret())
        self.findings = Findings(self.world)
        self.woken = 0
        freezes = self.world.application.freezes
        assert freezes is not None
        self.gate = DeploymentGate(
            deployments=self.store,
            freezes=freezes,
            reviews=GithubReviews(self.secret, api=github.url, wall=wall_clock()),
            clock=self.world.clock,
        )

    def ask(self, *, sign: str | None = None, guid: str = "", **changes: Any) -> Taken:
        """GitHub asks about the sample's deployment, changed; `sign` as somebody else signs."""
        document = sample("github", "deployment-requested")
        payload = document["payload"] | changes
        callback = payload["deployment_callback_url"]
        payload["deployment_callback_url"] = callback.replace(
            "https://api.github.com", self.github.url
        )
        body = json.dumps(payload).encode()
        headers = {
            EVENT: document[EVENT],
            DELIVERY: guid or document[DELIVERY],
            SIGNATURE: sign or signed(body),
        }
        request = http.parse(gateway_event(body, headers))
        deliveries = Deliveries(
            wanted=True,
            secrets=self.findings.kept,
            queue=self.findings,
            queue_url="https://queue",
            deployments=Deployments(store=self.store, wake=self._wake, api=self.github.url),
        )
        return deliveries.take(request.headers, request.body, at=self.world.clock.now)

    def _wake(self) -> None:
        """It is lost as often as not: the minute's round does its work."""
        self.woken += 1
        raise Unavailable("throttled")

    def look(self) -> Looked:
        """One round, in which everything is due that is due now."""
        return Rounds(gate=self.gate, notes=self.world.watch).run(has_time=lambda: True)

    def at(self, minutes: float) -> Looked:
        """Time moves on, and the round of that moment is run."""
        self.world.clock.now += timedelta(minutes=minutes)
        return self.look()

    @property
    def known(self) -> Deployment:
        found = self.store.get("acme/checkout", "7001")
        assert found is not None
        return found


@pytest.fixture
def github() -> Iterator[GithubApp]:
    with github_app() as state:
        yield state


@pytest.fixture
def gate(
    github: GithubApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Gate:
    return Gate(Terminal(World(), capsys, monkeypatch), github)
