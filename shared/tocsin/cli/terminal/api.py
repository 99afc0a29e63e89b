"""Which deployment a command talks to, and as whom.

With an address (`--api-url`, `TOCSIN_API_URL`) it is that one, under the credentials AWS's usual
chain finds. Without, it is this checkout's local cloud, as any person of the roster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tocsin.errors import BadInput
from tocsin.incidents.vocabulary import Group
from tocsin.runtime.api_client import (
    ApiClient,
    default_credentials,
    region_of,
    session_credentials,
)

_API_URL: dict[str, Any] = {
    "envvar": "TOCSIN_API_URL",
    "help": "The deployed API; without it the local cloud.",
    "show_default": False,
}
_AS: dict[str, Any] = {
    "envvar": "TOCSIN_PERSON",
    "help": "Who you are, PERSON or PERSON:GROUP; local only, default commander-primary.",
    "show_default": False,
}
ApiUrl = Annotated[str | None, typer.Option("--api-url", **_API_URL)]
As = Annotated[str | None, typer.Option("--as", **_AS)]
"""For what answers without a command; commands are `OnApi`."""

LOCAL_PERSON = "commander-primary"


@dataclass(slots=True)
class Caller:
    """Which API the command that runs was told to talk to, and as whom."""

    api_url: str | None = None
    person: str | None = None


CALLER = Caller()
"""One command runs in a process at a time."""


class OnApi(TyperCommand):
    """A command that talks to an API: it takes `--api-url` and `--as` besides its own options."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params += _told_options()


def _to(api_url: str | None) -> None:
    CALLER.api_url = api_url


def _as(person: str | None) -> None:
    CALLER.person = person


def _told(
    *,
    told_api_url: Annotated[
        str | None, typer.Option("--api-url", callback=_to, expose_value=False, **_API_URL)
    ] = None,
    told_person: Annotated[
        str | None, typer.Option("--as", callback=_as, expose_value=False, **_AS)
    ] = None,
) -> None:
    """Never runs: Typer makes the two options of it.

    Commands have arguments and options of their own that are called `person`.
    """


@cache
def _told_options() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_told)
    return list(typer.main.get_command(app).params)


def connect() -> ApiClient:
    """The API that the command was told of, as the person it was told. Raises as `connect_to`."""
    return connect_to(CALLER.api_url, CALLER.person)


def connect_to(api_url: str | None, person: str | None) -> ApiClient:
    """The API as that person.

    Raises:
        BadInput: a person is named for a deployment where IAM says who you are.
        CloudNotRunning: neither an address nor a local cloud.
    """
    if api_url:
        if person:
            raise BadInput(
                "--as is for the local cloud: elsewhere your credentials say who you are"
            )
        return ApiClient(api_url, region_of(api_url), default_credentials())
    name, _, group = (person or LOCAL_PERSON).partition(":")
    try:
        wanted = Group(group or Group.RESPONDER)
    except ValueError as error:
        raise BadInput(f"--as names no group: {group!r} is none of {', '.join(Group)}") from error
    return _local(name, wanted)


def _local(person: str, group: Group) -> ApiClient:
    from tocsin.local.look.people import sign_in  # noqa: PLC0415 -- the same
    from tocsin.local.machine.places import find  # noqa: PLC0415 -- the same
    from tocsin.local.stage.cloud import Cloud  # noqa: PLC0415 -- loads boto3, of no use to a real API

    cloud = Cloud(find())
    found = cloud.outputs()
    keys = sign_in(cloud.clients(), found["role_arns"][group], person)
    credentials = session_credentials(keys.access, keys.secret, keys.token)
    return ApiClient(found["api_url"], found["region"], credentials)
