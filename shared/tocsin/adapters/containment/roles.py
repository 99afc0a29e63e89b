"""Targets in the rights of their action's role: assumed for a quarter of an hour, one at a time."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

from tocsin.adapters.containment.refusals import refusals
from tocsin.containment.registry import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.ports.containment import Target
    from tocsin.ports.time import WallClock

LASTS = timedelta(minutes=15)
"""The shortest that STS gives."""
_SPARE = timedelta(minutes=2)
_PATIENCE = Config(
    connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 2}
)


class AssumedTargets:
    """`Targets` by the ARN of each action's role; nothing is reached in the function's own rights.

    An action without a role here is not deployed: to ask for it is a KeyError of the wiring.
    """

    def __init__(self, roles: Mapping[str, str], wall: WallClock) -> None:
        self._roles = roles
        self._wall = wall
        self._session = Session()
        self._known: dict[str, tuple[datetime, Mapping[str, str]]] = {}

    def of(self, action: str) -> Target:
        """The targets of one action.

        Raises:
            NotAllowed: the role may not be assumed.
            Unavailable: STS did not answer.
        """

        def connect(service: str, region: str | None) -> Any:
            held = self._credentials(action)
            return self._session.create_client(
                service,
                region_name=region,
                config=_PATIENCE,
                aws_access_key_id=held["AccessKeyId"],
                aws_secret_access_key=held["SecretAccessKey"],
                aws_session_token=held["SessionToken"],
            )

        target: Target = import_module(ACTIONS.entry(action).reached_by).open_target(connect)
        return target

    def _credentials(self, action: str) -> Mapping[str, str]:
        now = self._wall.wall_now()
        known = self._known.get(action)
        if known is None or now >= known[0] - _SPARE:
            with refusals(f"the role of {action}"):
                sts: Any = self._session.create_client("sts", config=_PATIENCE)
                answer = sts.assume_role(
                    RoleArn=self._roles[action],
                    RoleSessionName=f"tocsin-{action}",
                    DurationSeconds=int(LASTS.total_seconds()),
                )
            known = now + LASTS, answer["Credentials"]
            self._known[action] = known
        return known[1]
