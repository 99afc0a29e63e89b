"""Several steps of one thing in one line: what was done, looked at, shipped, told.

Each step is sent, and recorded, for itself; where one is refused those before it stand, and the
answer says so. Nothing is made up on the way: what was seen and where it can be seen is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 -- Typer reads the annotations
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from tocsin.cli.incidents.tables import show_change
from tocsin.cli.incidents.verbs import Envelope, Incident, Occasion, send
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.values import spread
from tocsin.incidents.commands.verbs import STEP
from tocsin.incidents.model.parts import Check, RunKind, UpdateAudience, Verdict
from tocsin.incidents.vocabulary import Resolution  # noqa: TC001 -- Typer reads the annotations
from tocsin.runtime.api_client import segment


@dataclass(frozen=True, slots=True)
class First:
    """What the first update has to say."""

    impact: Annotated[str, typer.Option("--impact", "-i", help="Needed in the first.")] = ""
    mitigation: Annotated[str, typer.Option("--mitigation", "-m", help="Needed in the first.")] = ""
    eta: Annotated[str, typer.Option("--eta", "-e", help="Or `unknown`; in the first.")] = ""


@spread
def did(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What you did.", metavar="TEXT")],
    *,
    occasion: Occasion,
) -> None:
    """A containment action that you carried out: planned and done in one."""
    one = Steps(incident, occasion)
    action = one.fresh("a", [each["action"] for each in one.found["containment"]["actions"]])
    one.send("contain", {STEP: "plan", "action": action, "text": text})
    one.send("contain", {STEP: "done", "action": action})
    one.show()


@spread
def shipped(
    incident: Incident,
    commit: Annotated[str, typer.Argument(help="The commit of the fix.")],
    quality: Annotated[str, typer.Argument(help="Where its green quality checks can be seen.")],
    security: Annotated[str, typer.Argument(help="Where its green security checks can be seen.")],
    deploy: Annotated[str, typer.Argument(help="Where its deploy can be seen.")],
    *,
    everywhere: Annotated[
        bool, typer.Option("--all/--part", help="Deployed everywhere the incident is, or in part.")
    ],
    occasion: Occasion,
) -> None:
    """A fix that is out: linked, its checks green, deployed."""
    one = Steps(incident, occasion)
    one.send("fix", {STEP: "link", "commit": commit})
    for kind, url in ((RunKind.QUALITY, quality), (RunKind.SECURITY, security)):
        run = {"commit": commit, "run": kind.value, "conclusion": "success", "url": url}
        one.send("fix", {STEP: "run", **run})
    out = {"commit": commit, "conclusion": "success", "whole_scope": everywhere, "url": deploy}
    one.send("fix", {STEP: "deploy", **out})
    one.show()


def looked(
    incident: str, looks: Mapping[Check, str], *, contained: bool, occasion: Occasion
) -> None:
    """Records looks that passed, each with what was seen, and then that harm has stopped."""
    one = Steps(incident, occasion)
    for check, seen in looks.items():
        look = {"check": check.value, "verdict": Verdict.PASSED.value, "detail": seen}
        one.send("verify", {STEP: "observe", **look})
    if contained:
        one.send("verify", {STEP: "contained"})
    one.show()


@spread
def told(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What people were told.", metavar="TEXT")],
    *,
    audience: Annotated[
        UpdateAudience, typer.Option(help="Who was told.")
    ] = UpdateAudience.INTERNAL,
    first: First,
    occasion: Occasion,
) -> None:
    """An update that was sent and taken, under an id made up for you."""
    one = Steps(incident, occasion)
    one.update(audience, text, {name: said for name, said in asdict(first).items() if said})
    one.show()


@spread
def close(
    incident: Incident,
    resolution: Annotated[Resolution, typer.Argument(help="Why it is closed.")],
    *,
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why; needed unless it is `resolved`.")
    ] = "",
    duplicate_of: Annotated[
        str | None,
        typer.Option(help="The incident it repeats; needed with `duplicate`, and only then."),
    ] = None,
    final: Annotated[
        str, typer.Option("--final", help="The final update that stakeholders were sent.")
    ] = "",
    residual: Annotated[
        str, typer.Option(help="What is left to do, with --final; `none` is an answer.")
    ] = "",
    envelope: Envelope,
) -> None:
    """Close: resolved, false positive or duplicate. With --final the last update goes before it."""
    body = {"resolution": resolution.value, "reason": reason or None, "duplicate_of": duplicate_of}
    wish = {name: value for name, value in body.items() if value is not None}
    if not final:
        show_change(send(incident, "close", wish, envelope))
        return
    one = Steps(incident, envelope)
    one.update(UpdateAudience.INTERNAL, final, {"final": True, "residual": residual})
    one.send("close", wish)
    one.show()


class Steps:
    """Verbs on one incident, one after the other; what they wrote is shown together."""

    def __init__(self, incident: str, occasion: Occasion) -> None:
        api = connect()
        self.found: Mapping[str, Any] = api.get(f"/v1/incidents/{segment(incident)}")
        self._occasion, self._recorded = occasion, list[Any]()

    def send(self, verb: str, body: Mapping[str, Any]) -> None:
        """The next step, on the incident that was named when the first was typed."""
        key = self._occasion.key
        own = Envelope(self._occasion.happened_at, key and f"{key}-{len(self._recorded)}")
        self.found = send(self.found["id"], verb, body, own)
        self._recorded += self.found["recorded"]

    def update(self, audience: UpdateAudience, text: str, more: Mapping[str, Any]) -> None:
        """An update that a channel took."""
        name = f"u{self.found['version']}"
        said = {"update": name, "audience": audience.value, "text": text, "accepted": True}
        self.send("update", said | dict(more))

    def fresh(self, prefix: str, taken: list[str]) -> str:
        """A name nothing has yet: `a1`, `a2`."""
        return next(
            name
            for name in (f"{prefix}{number}" for number in range(1, len(taken) + 2))
            if name not in taken
        )

    def show(self) -> None:
        show_change({**self.found, "recorded": self._recorded})


MORE: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "contain": {"did": did},
    "fix": {"done": shipped},
}
"""Steps of groups besides the engine's own."""
