"""`tocsin local`: the deployed template on this machine.

Thin on purpose: it reads the command line and shows results; `tocsin.local` does the work.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_count, read_instant, read_span, show_span
from tocsin.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.local.look.inbox import Message
    from tocsin.local.moving import Reading
    from tocsin.local.stage.cloud import Cloud
    from tocsin.local.stage.gaps import Note

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="A cloud on this machine: the deployed template, run locally.",
)
clock = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(clock, name="clock", help="Show and move the incident clock; it only affects here.")

_LONG = 200
_SWEEP = typer.Option("--sweep/--no-sweep", help="Run the sweep once, now.")


def _cloud() -> Cloud:
    from tocsin.local.machine.places import find  # noqa: PLC0415 -- the same
    from tocsin.local.stage.cloud import Cloud  # noqa: PLC0415 -- loads boto3, which help does not need

    return Cloud(find(), current().progress)


@app.command()
def up(
    port: Annotated[
        int | None, typer.Option(help="Of the AWS endpoint; default 4566, or a free one.")
    ] = None,
    stripe_api_base: Annotated[
        str | None, typer.Option(help="Another server that speaks Stripe's API.")
    ] = None,
    razorpay_api_base: Annotated[
        str | None, typer.Option(help="Another server that speaks Razorpay's API.")
    ] = None,
    *,
    chat_room: Annotated[
        bool, typer.Option("--chat-room", help="Tell the team's chat room too: see the inbox.")
    ] = False,
) -> None:
    """Start the cloud, deploy what changed, write outputs.json. Again: update what runs."""
    from tocsin.local.stage.cloud import Wishes  # noqa: PLC0415 -- see _cloud

    brought = _cloud().up(
        Wishes(
            port=port,
            stripe_api_base=stripe_api_base,
            razorpay_api_base=razorpay_api_base,
            chat_room=chat_room,
        )
    )
    if current().json:
        notes = [asdict(note) for note in brought.notes]
        current().document({**brought.outputs, "gap_layer": notes, "seconds": brought.seconds})
        return
    _show_notes(brought.notes)
    for name in ("endpoint", "api_url", "webhook_url", "sandbox_url"):
        current().line(f"{name:<12} {brought.outputs[name] or 'none'}")
    took = ", ".join(f"{name} {seconds:g} s" for name, seconds in brought.seconds.items())
    current().progress(took)
    current().line("look around: tocsin local status | inbox | outputs; stop: tocsin local down")


@app.command()
def down() -> None:
    """Stop everything `up` started, and empty what it leaves."""
    ran = _cloud().down()
    if current().json:
        current().document({"stopped": ran})
    else:
        current().line(f"stopped {' and '.join(ran)}" if ran else "nothing was running")


@app.command()
def status() -> None:
    """What runs, where, and what is deployed. Exit code 1 when nothing runs."""
    found = _cloud().status()
    if current().json:
        current().document(found)
    else:
        current().table(("", ""), ((name, _flat(value)) for name, value in found.items()))
    if not found["running"]:
        raise CheckFailed("no local cloud runs: start one with `tocsin local up`")


@app.command()
def outputs() -> None:
    """Where everything is; the document that is also in outputs.json."""
    found = _cloud().outputs()
    if current().json:
        current().document(found)
    else:
        current().table(("", ""), ((name, _flat(value)) for name, value in found.items()))


@app.command()
def inbox(
    wait: Annotated[
        int | None, typer.Option(help="Wait until this many messages are there.", min=1)
    ] = None,
    timeout: Annotated[str, typer.Option(help="How long to wait, like 30s or 2m.")] = "30s",
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Forget all messages.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Show the texts too.")] = False,
) -> None:
    """Every page and mail people would have received, oldest first.

    With --wait, exit code 1 when fewer came in time.
    """
    box = _cloud().inbox()
    if clear:
        forgotten = box.clear()
        if current().json:
            current().document({"cleared": forgotten})
        else:
            current().line(f"forgot {forgotten} messages")
        return
    seconds = read_count(timeout, "seconds")
    messages = box.wait(wait, seconds=seconds) if wait else box.read()
    _show_messages(messages, full=full)
    if wait and len(messages) < wait:
        raise CheckFailed(f"{len(messages)} of {wait} messages after {seconds} s")


@app.command()
def redrive(
    queue: Annotated[
        str | None, typer.Argument(help="Its name; none lists what lies dead.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many.", min=1)] = None,
) -> None:
    """Bring messages back from a dead-letter queue to where they died."""
    from tocsin.local.look import dead_letters  # noqa: PLC0415 -- see _cloud

    clients = _cloud().clients()
    if queue is None:
        found = dead_letters.find(clients)
        if current().json:
            current().document([{"queue": one.name, "dead": one.waiting} for one in found])
        else:
            current().table(("queue", "dead"), ((one.name, one.waiting) for one in found))
        return
    moved = dead_letters.redrive(clients, queue, limit=limit)
    if current().json:
        current().document({"queue": queue, "moved": moved})
    else:
        current().line(f"moved {moved} back to {queue}")


@app.command()
def alarm(
    name: Annotated[
        str, typer.Argument(help="Of the alarm; as the runbook's rules know it, or another.")
    ],
    *,
    ok: Annotated[bool, typer.Option("--ok", help="It is well again.")] = False,
    reason: Annotated[str, typer.Option(help="What CloudWatch says of the change.")] = "by hand",
) -> None:
    """Raise a CloudWatch alarm by hand: it goes the way that real ones go."""
    from tocsin.local.look import alarms  # noqa: PLC0415 -- see _cloud

    cloud = _cloud()
    state: Literal["ALARM", "OK"] = "OK" if ok else "ALARM"
    topic = str(cloud.outputs()["alarm_topic_arn"])
    cloudwatch = cloud.clients().cloudwatch
    before = alarms.change(cloudwatch, name=name, topic=topic, state=state, reason=reason)
    if current().json:
        current().document({"alarm": name, "before": before, "state": state})
    elif before == state:
        current().line(f"{name} is {state} already, and only a change tells anybody")
    else:
        current().line(f"{name}: {before} -> {state}")
        current().line("look: tocsin incidents list | local inbox; end it with --ok")


@clock.command("show")
def clock_show() -> None:
    """The time the functions take for now."""
    _show_clock(_cloud().clock().read(), None)


@clock.command("advance")
def clock_advance(
    by: Annotated[str, typer.Argument(help="How far: 90s, 5m, 4h, 2d, 1h30m.")],
    *,
    sweep: Annotated[bool, _SWEEP] = True,
) -> None:
    """Move the clock on and act at once on what is due then."""
    stage = _cloud().clock()
    reading = stage.advance(read_span(by))
    _show_clock(reading, stage.sweep() if sweep else None)


@clock.command("set")
def clock_set(
    to: Annotated[str, typer.Argument(help="An instant with its zone: 2026-09-08T10:00-04:00.")],
    *,
    sweep: Annotated[bool, _SWEEP] = True,
) -> None:
    """Move the clock to an instant and act at once on what is due then."""
    stage = _cloud().clock()
    reading = stage.set(read_instant(to))
    _show_clock(reading, stage.sweep() if sweep else None)


@clock.command("reset")
def clock_reset() -> None:
    """Back to the real time. Entries made ahead of it stay where they are."""
    _show_clock(_cloud().clock().reset(), None)


def _show_clock(reading: Reading, report: Mapping[str, object] | None) -> None:
    local = reading.incident.astimezone(_runbook_zone())
    if current().json:
        current().document(
            {
                "incident_time": reading.incident.isoformat(timespec="seconds"),
                "incident_time_runbook": local.isoformat(timespec="seconds"),
                "zone": str(local.tzinfo),
                "offset_seconds": int(reading.offset.total_seconds()),
                "sweep": report,
            }
        )
        return
    current().line(f"incident time {_both(reading.incident, local)}")
    current().line(f"ahead of real time by {show_span(reading.offset)}")
    for name, value in (report or {}).items():
        current().line(f"sweep {name}: {_flat(value)}")


def _runbook_zone() -> ZoneInfo:
    """The zone business time is counted in."""
    from tocsin.policy.compiled import policies as compiled  # noqa: PLC0415 -- only the clock needs the policy

    return ZoneInfo(compiled.default().calendar.zone)


def _both(utc: datetime, local: datetime) -> str:
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC = {local:%a %Y-%m-%d %H:%M:%S} {local.tzinfo}"


def _show_notes(notes: tuple[Note, ...]) -> None:
    from tocsin.local.stage.gaps import LIMITS  # noqa: PLC0415 -- see _cloud

    grouped: dict[tuple[str, str], list[str]] = {}
    for note in (*notes, *LIMITS):
        grouped.setdefault((note.kind, note.what), []).append(note.resource.rsplit(":", 1)[-1])
    for (kind, what), resources in grouped.items():
        current().progress(f"gap layer {kind}: {what} ({', '.join(resources)})")


def _show_messages(messages: list[Message], *, full: bool) -> None:
    if current().json:
        current().document([asdict(message) for message in messages])
        return
    if not messages:
        current().line("the inbox is empty")
        return
    current().table(
        ("sent (UTC)", "to", "kind", "severity", "subject"),
        ((one.sent_at[:19], one.to, one.kind, one.severity, one.subject) for one in messages),
    )
    if full:
        for one in messages:
            current().line(f"\n--- to {one.to}: {one.subject}\n{one.text}")


def _flat(value: object) -> str:
    """A nested value on a few lines; whole secrets are long and are left to --json."""
    if isinstance(value, dict):
        return "\n".join(
            f"{name}: {text}" for name, text in value.items() if len(str(text)) < _LONG
        )
    if isinstance(value, list):
        return "\n".join(_flat(one) if isinstance(one, dict) else str(one) for one in value)
    return str(value)
