"""Whether a stage tells a chat room is the deployment's to say."""

from __future__ import annotations

import pytest

from tocsin.policy.compiled.policies import default
from tocsin.runtime.wiring.runbooks import stage_policies


@pytest.mark.parametrize(
    ("environ", "room"),
    [({"CHAT_ROOM": "on"}, True), ({"CHAT_ROOM": "off"}, False), ({}, False)],
)
def test_a_policy_has_a_room_where_the_stage_has_one(environ: dict[str, str], room: bool) -> None:  # noqa: FBT001 - a parameter
    policies = stage_policies(environ)
    for policy in (policies.current(), policies.version(default().version)):
        assert (policy.chat_room is not None) == room
        assert policy.version == default().version
