"""`tocsin drill`: scripted, scored incidents against the cloud of this machine.

Thin on purpose: it reads the command line and shows results; `tocsin.drills` does the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, CheckFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.drills.sabotage.proof import Proof
    from tocsin.drills.sabotage.switch import Switch
    from tocsin.drills.scenario import Score
    from tocsin.drills.stage import Stage

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Scripted, scored incidents.",
)

_DEMO = "demo"


@app.command("list")
def list_() -> None:
    """The drills there are."""
    told = {_DEMO: "The runbook's billing chapter: from an alarm to a closed incident, scored."}
    if current().json:
        current().document(told)
    else:
        current().table(("drill", "what happens"), told.items())


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Which one; see `tocsin drill list`.")],
    *,
    up: Annotated[
        bool, typer.Option("--up/--no-up", help="Bring the cloud up to date first.")
    ] = True,
    part: Annotated[
        list[str] | None, typer.Option(help="Only this part; may be repeated. All without.")
    ] = None,
) -> None:
    """Play a drill and score it. Exit code 1 when a check failed; the cloud is left running."""
    if name != _DEMO:
        raise BadInput(f"no drill is called {name!r}: there is {_DEMO}")
    from tocsin.drills import demo  # noqa: PLC0415 -- loads boto3, which help does not need
    from tocsin.drills.scenario import Silent  # noqa: PLC0415 -- the same
    from tocsin.drills.show import Screen  # noqa: PLC0415 -- the same

    parts = tuple(part or demo.PARTS)
    if unknown := set(parts) - set(demo.PARTS):
        raise BadInput(f"no part is called {min(unknown)!r}; known: {', '.join(demo.PARTS)}")
    stage = _stage(up=up)
    if current().json:
        score = demo.play(stage, Silent(), parts=parts)
    else:
        with Screen(current().out) as screen:
            score = demo.play(stage, screen, parts=parts)
    _show(score, stage)


@app.command()
def sabotage(
    name: Annotated[str | None, typer.Argument(help="One switch; all when left out.")] = None,
    *,
    up: Annotated[
        bool, typer.Option("--up/--no-up", help="Bring the cloud up to date first.")
    ] = True,
    only_list: Annotated[bool, typer.Option("--list", help="Show the switches.")] = False,
) -> None:
    """Break the running cloud on purpose, and see that exactly the right checks turn red.

    Exit code 1 when a switch turned another set of checks red than it names. Each is undone.
    """
    from tocsin.drills.sabotage.proof import named, prove  # noqa: PLC0415 -- see run

    switches = named(name)
    if only_list:
        _show_switches(switches)
        return
    stage = _stage(up=up)
    proofs = []
    for switch in switches:
        current().progress(f"{switch.name}: {switch.breaks}")
        proofs.append(prove(stage, switch))
        _show_proof(proofs[-1])
    if current().json:
        current().document([_proof_document(proof) for proof in proofs])
    failed = [proof.switch.name for proof in proofs if not proof.holds]
    if failed:
        raise CheckFailed(f"other checks than named turned red: {', '.join(failed)}")


def _show_switches(switches: Sequence[Switch]) -> None:
    told = [(one.name, one.breaks, sorted(one.reds)) for one in switches]
    if current().json:
        current().document([{"name": name, "breaks": b, "reds": reds} for name, b, reds in told])
    else:
        current().table(
            ("switch", "what it breaks", "turns red"),
            ((name, breaks, "\n".join(reds)) for name, breaks, reds in told),
        )


def _show_proof(proof: Proof) -> None:
    if current().json:
        return
    found = ", ".join(sorted(proof.red)) or "nothing"
    style = "green" if proof.holds else "red"
    current().line(f"{proof.switch.name}: red {found} ({proof.seconds:.0f} s)", style=style)
    for code in sorted(proof.surprising):
        current().line(f"   not named: {code}: {proof.detail[code]}", style="red")
    for code in sorted(proof.missed):
        current().line(f"   stayed green: {code}", style="red")


def _proof_document(proof: Proof) -> dict[str, object]:
    return {
        "switch": proof.switch.name,
        "holds": proof.holds,
        "expected": sorted(proof.switch.reds),
        "red": sorted(proof.red),
        "detail": proof.detail,
        "seconds": round(proof.seconds, 1),
    }


def _stage(*, up: bool) -> Stage:
    from tocsin.drills.show import Rising  # noqa: PLC0415 -- see run
    from tocsin.drills.stage import Stage  # noqa: PLC0415 -- see run
    from tocsin.local.machine.places import find  # noqa: PLC0415 -- see run
    from tocsin.local.stage.cloud import Cloud, Wishes  # noqa: PLC0415 -- see run

    places = find()
    if up and current().json:
        Cloud(places).up(Wishes())
    elif up:
        with Rising(current().err, "the cloud comes up") as bar:
            brought = Cloud(places, bar.say).up(Wishes())
            took = ", ".join(f"{part} {seconds:g} s" for part, seconds in brought.seconds.items())
            bar.say(f"the cloud is up: {took}")
    return Stage.of(Cloud(places, current().progress))


def _show(score: Score, stage: Stage) -> None:
    from tocsin.drills.show import document, numbers, summary  # noqa: PLC0415 -- see run

    if current().json:
        current().document(document(score))
    else:
        current().out.print()
        current().out.print(summary(score))
        if score.numbers:
            current().out.print(numbers(score))
            current().out.print()
        green = len(score.checks) - len(score.red)
        current().line(
            f"{green} of {len(score.checks)} checks hold, {score.seconds:.1f} s",
            style="bold green" if score.passed else "bold red",
        )
        current().line(f"the cloud runs on at {stage.outputs['endpoint']}; its clock is ahead")
        current().line("look around  tocsin local status | inbox --full | outputs | clock show")
        current().line("stop it      tocsin local down")
    if not score.passed:
        raise CheckFailed(f"failed: {', '.join(sorted(score.red))}")
