"""Addresses in a list that the web firewall blocks: one entry of it, whatever else is in there."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tocsin.containment.states import Preview, difference
from tocsin.errors import BadInput, Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.states import State

IN_LIST = "in the list"
VERSION = "family"
_MANY = 1_000_000


class IpBlock:
    """`owned` is the range with `in the list`, or nothing: the other entries are other people's."""

    def normal(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """The range in the form that WAF stores, `192.0.2.0/24`, lower case, shortened.

        Raises:
            BadInput: it is no range, or has bits set beyond its prefix: which was meant is unclear.
        """
        text = inputs["addresses"]
        try:
            found = ipaddress.ip_network(text)
        except ValueError as error:
            raise BadInput(
                f"{text} is no address and no range: {error}", field="addresses"
            ) from error
        return {**inputs, "addresses": str(found)}

    def target(self, inputs: Mapping[str, str]) -> str:
        return f"ip-set/{inputs['set']}"

    def slot(self, inputs: Mapping[str, str]) -> str:
        return f"{self.target(inputs)} {inputs['addresses']}"

    def check(self, inputs: Mapping[str, str], seen: State) -> None:
        if seen.owned:
            raise Conflict("it is in the list already: somebody else put it there, and may lift it")
        family = f"IPV{ipaddress.ip_network(inputs['addresses']).version}"
        if seen.around.get(VERSION) != family:
            raise Conflict(f"the list holds {seen.around.get(VERSION)}, and these are {family}")

    def preview(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Preview:
        count = ipaddress.ip_network(inputs["addresses"]).num_addresses
        many = "more than a million" if count > _MANY else str(count)
        return Preview(
            changes=difference(seen.owned, self.wanted(inputs, seen, at)),
            affected=(f"{many} addresses; the list holds {seen.around['entries']} ranges",),
            left_open={},
            warnings=("whether traffic stops depends on a rule that blocks by this list",),
        )

    def wanted(self, inputs: Mapping[str, str], _seen: State, _at: datetime) -> Mapping[str, str]:
        return {inputs["addresses"]: IN_LIST}

    def restorable(self, _before: Mapping[str, str], _seen: State) -> str:
        return ""

    def harmless_from(self, done_at: datetime, _before: State) -> datetime | None:
        return done_at


BEHAVIOUR = IpBlock()
