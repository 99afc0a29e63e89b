"""Comparing the books after a replay: what changed unheard, healed on approval, signed off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.billing.checks import differences
from tocsin.drills.billing.story import ENDPOINT, SETTLE_SECONDS
from tocsin.drills.outage import checks
from tocsin.drills.paging.story import RESPONDER
from tocsin.drills.stage import wait_until
from tocsin.errors import RemoteError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.drills.checks import Check
    from tocsin.drills.outage.scene import OutageScene
    from tocsin.drills.person import Answer

MITIGATOR: Final = "mitigation-primary"
REPLAY_SECONDS: Final = 60.0
OK, HEALING = 200, 202


def reconcile(scene: OutageScene) -> Iterator[Check]:
    """One subscription is cancelled while no webhook arrives, outside the replayed window."""
    books, sandbox = scene.books, scene.books.sandbox
    truth = books.truth()
    victim = min(name for name, one in truth.items() if one.status == "active")
    order = sandbox.order("drop", fraction=1)
    known = {event["id"] for event in sandbox.events()}
    books.sdk().v1.subscriptions.cancel(victim)
    books.drain(sandbox)
    sandbox.lift(order, lose=True)
    unheard = [event["id"] for event in sandbox.events() if event["id"] not in known]
    wish = {
        "incident": scene.incident,
        "workspaces": sorted({one.workspace or "" for one in truth.values()} - {""}),
        "scope": "recent",
    }
    found = _compared(scene, scene.post("/v1/reconciliations", wish))
    scene.watcher.tell(
        f"{found['compared_workspaces']} workspaces compared, {found['found']} mismatches"
    )
    yield checks.compared(found, [victim])
    scene.compared = str(found["id"])
    where = f"/v1/reconciliations/{found['id']}"
    approved = scene.command(
        "authorize",
        {
            "action": "billing.heal",
            "input": found["approve"],
            "requester": MITIGATOR,
            "reason": "compared, and read by two people",
        },
        RESPONDER,
    )
    approval = f"{scene.incident}:{approved.body.get('version')}"
    # While its driver is still telling the incident what it found, the same request is sent again.
    healer, key = scene.stage.person(MITIGATOR), f"heal-{scene.paging.run}"
    taken = wait_until(
        lambda: healer.post(f"{where}/heal", {"approval": approval}, key=key).status == HEALING,
        seconds=SETTLE_SECONDS,
    )
    told = "under way" if taken else "refused"
    scene.watcher.tell(f"healing, approved by entry {approval}: {told}")
    wait_until(lambda: _open(scene, where) == 0, seconds=REPLAY_SECONDS)
    # The driver may still be writing what it healed: then the signature is asked for again.
    left = [each["account"] for each in scene.commander.read(where)["not_compared"]]
    wait_until(
        lambda: scene.post(f"{where}/sign-off", {"without": left}).status == OK,
        seconds=SETTLE_SECONDS,
    )
    wait_until(lambda: _reconciled(scene), seconds=SETTLE_SECONDS)
    now = scene.commander.read(where)
    wrong = differences(books.truth(), books.rows(truth))
    yield checks.healed(now, wrong, 1)
    for event in unheard:  # late, and of no effect any more; the next run must not find it lost
        sandbox.resend(event, ENDPOINT)
    books.drain(sandbox)
    scene.numbers["mismatches found"] = str(now["found"])
    scene.numbers["mismatches healed"] = str(now["healed"])


def _compared(scene: OutageScene, started: Answer) -> dict[str, Any]:
    """A reconciliation once it has compared. Raises `Unavailable` if it was not taken."""
    if (name := started.body.get("id")) is None:
        raise Unavailable(f"a reconciliation was refused: {started.status} {started.body}")
    where = f"/v1/reconciliations/{name}"
    wait_until(
        lambda: scene.commander.read(where)["stage"] in {"ready", "stalled"},
        seconds=REPLAY_SECONDS,
    )
    return scene.commander.read(where)


def _open(scene: OutageScene, where: str) -> int:
    """Mismatches left; -1 while it is healing, or changed while it was being read."""
    try:
        found = scene.commander.read(where)
    except RemoteError:
        return -1
    return int(found["open"]) if found["stage"] == "ready" else -1


def _reconciled(scene: OutageScene) -> bool:
    """Whether the incident has heard that it is signed off."""
    return any(
        entry["type"] == "reconciliation_recorded" and entry["content"].get("signed_off_by")
        for entry in scene.commander.timeline(scene.incident)
    )
