"""IAM access keys: one key by its id, and by what else its user gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.adapters.containment.refusals import GONE, code_of, refusals
from tocsin.containment.states import State, named
from tocsin.errors import NotAllowed, NotFound
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_iam.client import IAMClient

    from tocsin.ports.containment import Connect


class IamKeys:
    """A `Target`. A key is found by its id alone: nobody has to say whose it is."""

    def __init__(self, iam: IAMClient) -> None:
        self._iam = iam

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        del restoring
        key = inputs["key"]
        with refusals(f"access key {named(key)}"):
            used = self._iam.get_access_key_last_used(AccessKeyId=key)
            if (user := used.get("UserName")) is None:
                raise NotAllowed(f"{key} is no key of a user: the root user's is turned off there")
            pages = self._iam.get_paginator("list_access_keys").paginate(UserName=user)
            keys = {
                each["AccessKeyId"]: each for page in pages for each in page["AccessKeyMetadata"]
            }
            if key not in keys:
                raise NotFound(f"there is no access key {key}")
            others = [
                one for one, each in keys.items() if one != key and each["Status"] == "Active"
            ]
            around = {
                "user": user,
                "created": format_time(keys[key]["CreateDate"]),
                "last_used": _last_used(used["AccessKeyLastUsed"]),
                "password": self._password(user),
                "other_keys": ", ".join(sorted(others)),
                "service_credentials": self._service_credentials(user),
            }
            tags = self._iam.list_user_tags(UserName=user)["Tags"]
        return State(
            owned={"status": keys[key]["Status"]},
            around={name: text for name, text in around.items() if text},
            tags={tag["Key"]: tag["Value"] for tag in tags},
            touched=(f"user/{user}",),
        )

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        status: Any = owned["status"]
        with refusals(f"access key {named(inputs['key'])}"):
            self._iam.update_access_key(
                UserName=seen.around["user"], AccessKeyId=inputs["key"], Status=status
            )

    def _password(self, user: str) -> str:
        try:
            made = self._iam.get_login_profile(UserName=user)["LoginProfile"]["CreateDate"]
        except ClientError as error:
            if code_of(error) in GONE:
                return ""
            raise
        return f"the user has a password since {format_time(made)}"

    def _service_credentials(self, user: str) -> str:
        found = self._iam.list_service_specific_credentials(UserName=user)
        active = [
            each["ServiceName"]
            for each in found.get("ServiceSpecificCredentials", [])
            if each["Status"] == "Active"
        ]
        return ", ".join(sorted(active))


def _last_used(used: Mapping[str, Any]) -> str:
    at = used.get("LastUsedDate")
    return f"{format_time(at)} at {used['ServiceName']} in {used['Region']}" if at else ""


def open_target(connect: Connect) -> IamKeys:
    """IAM is one service for all Regions."""
    return IamKeys(connect("iam", None))
