"""The rights that functions were seen to call for on the local cloud, and the file of them.

With `TOCSIN_WRITE_RIGHTS=1` a session adds what it saw; with `anew` it writes what it saw and
nothing else, which is for a run of everything (`make e2e`).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from infra.catalogue import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.harness.cloud.local_cloud import Deployed

FILE = Path(__file__).parents[1] / "cloud" / "stage" / "called_rights.json"
WRITE = "TOCSIN_WRITE_RIGHTS"
_ARN = re.compile(r"arn:aws:([a-z0-9]+):[a-z0-9-]*:\d*:(.+)")
_SECRET = re.compile(r"^(secret/[a-z-]+)-[A-Za-z0-9]{6}$")
"""Secrets Manager puts six letters behind the name."""
_CONTAINS = re.compile(r"^(role/contain-[a-z-]+)-us-east-1$")
"""A role of containment is named for its Region too."""
_ONE_BY_ONE = re.compile(r"(?<=Visibility)Batch$|(?<=Message)Batch$")
"""A batch is allowed by the right of one:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html"""
_KINDS = {"sqs": "queue", "sns": "topic"}
_EVIDENCE = re.compile(r"tocsin-local-evidence-[^/]+(/.*)?")


class Right(NamedTuple):
    """An action on a resource, in the words of `infra.statements`."""

    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


def read() -> dict[str, frozenset[Right]]:
    """By function."""
    known: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: frozenset(Right(*each.split(" on ", 1)) for each in rights)
        for name, rights in known.items()
    }


def seen(lines: Iterable[str], roles: Mapping[str, str]) -> dict[str, set[Right]]:
    """What the emulator was asked, by function; `roles` names the function of each role."""
    found: dict[str, set[Right]] = {}
    for line in lines:
        role, action, resource = line.split(" ", 2)
        if role in roles:
            right = Right(_ONE_BY_ONE.sub("", action), symbol(action, resource))
            found.setdefault(roles[role], set()).add(right)
    return found


def symbol(action: str, resource: str) -> str:
    """The resource as statements name it."""
    if action == "sns:Publish" and not resource.startswith("arn:aws:sns:"):
        return "topics/all"  # a telephone: everything but a topic
    if action == "ses:SendEmail":
        return "identity/any"  # the emulator names no resource of a mail
    found = _ARN.fullmatch(resource)
    if found is None:
        return resource
    service, rest = found.groups()
    if service == "s3":
        inner = _EVIDENCE.fullmatch(rest)
        return f"bucket/evidence{'/objects' if inner and inner[1] else ''}"
    rest = rest.replace("tocsin-local-", "").replace("tocsin/local/", "").replace(":", "/")
    rest = rest.replace("secret/webhook-registrations", "secret/registrations")
    if service in _KINDS:
        return f"{_KINDS[service]}/{rest}"
    return _CONTAINS.sub(r"\1", _SECRET.sub(r"\1", rest))


def keep(deployed: Deployed) -> None:
    """At the end of a session: says what was called that the file lacks, or writes it.

    It is no failure: the stage lets nothing be called that a role may not, and which seldom calls
    come depends on what failed meanwhile. What is in no file stands as spare in `test_rights`.
    """
    roles = {}
    for name in FUNCTIONS:
        found = deployed.clients.functions.get_function_configuration(
            FunctionName=deployed.outputs["functions"][name]
        )
        roles[found["Role"].rpartition("/")[2]] = name
    lines = (deployed.cloud.places.state / "rights").read_text(encoding="utf-8").splitlines()
    called, known = seen(lines, roles), read() if FILE.exists() else {}
    how = os.environ.get(WRITE)
    if how:
        before = {} if how == "anew" else known
        written = {
            name: sorted(map(str, {*before.get(name, ()), *called.get(name, ())}))
            for name in sorted(FUNCTIONS)
        }
        FILE.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        return
    new = {
        name: sorted(map(str, rights - known.get(name, frozenset())))
        for name, rights in called.items()
        if rights - known.get(name, frozenset())
    }
    if new:
        print(f"called and not in {FILE.name}: {new}; {WRITE}=1 adds what is meant")  # noqa: T201 - see above
