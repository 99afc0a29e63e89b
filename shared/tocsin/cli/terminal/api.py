"""Which deployment a command talks to, and as whom.

With an address (`--api-url`, `TOCSIN_API_URL`) it is that one, under the credentials AWS's usual
chain finds. Without, it is this checkout's local cloud, as any person of the roster.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.errors import BadInput
from tocsin.incidents.vocabulary import Group
from tocsin.runtime.api_client import (
    ApiClient,
    default_credentials,
    region_of,
    session_credentials,
)

ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url",
        envvar="TOCSIN_API_URL",
        help="The deployed API; without it the local cloud.",
        show_default=False,
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="TOCSIN_PERSON",
        help="Who you are, PERSON or PERSON:GROUP; local only, default commander-primary.",
        show_default=False,
    ),
]

LOCAL_PERSON = "commander-primary"


def connect(api_url: str | None, person: str | None) -> ApiClient:
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
