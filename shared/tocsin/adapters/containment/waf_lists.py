"""IP sets of the web firewall: one entry of a list that is read and written whole.

The list is written under the token it was read with; where somebody else was faster it is read
again, so that of two blocks at once both stay.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from tocsin.adapters.containment.refusals import refusals
from tocsin.containment.actions.ip_block import IN_LIST, VERSION
from tocsin.containment.states import State
from tocsin.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.ports.containment import Connect

_TRIES = 5
_CLOUDFRONT_REGION = "us-east-1"


class WafLists:
    """A `Target`; lists for CloudFront are in us-east-1, whatever Region this is."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        del restoring
        waf = self._waf(inputs)
        with refusals(f"list {inputs['set']}"):
            found = waf.get_ip_set(**_named(inputs))["IPSet"]
            listed = waf.list_tags_for_resource(ResourceARN=found["ARN"])
        tags = listed.get("TagInfoForResource", {}).get("TagList", [])
        there = _place(found["Addresses"], inputs["addresses"]) is not None
        return State(
            owned={inputs["addresses"]: IN_LIST} if there else {},
            around={VERSION: found["IPAddressVersion"], "entries": str(len(found["Addresses"]))},
            tags={tag["Key"]: tag["Value"] for tag in tags},
            touched=(f"ip-set/{inputs['set']}",),
        )

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        """Over whatever else is in the list now, in the writing it has there."""
        del seen
        waf, asked = self._waf(inputs), inputs["addresses"]
        for left in reversed(range(_TRIES)):
            try:
                with refusals(f"list {inputs['set']}"):
                    answer = waf.get_ip_set(**_named(inputs))
                    found = answer["IPSet"]
                    addresses = [*found["Addresses"]]
                    place = _place(addresses, asked)
                    if (place is not None) == bool(owned):
                        return
                    if place is None:
                        addresses.append(asked)
                    else:
                        del addresses[place]
                    said = {"Description": found["Description"]} if found.get("Description") else {}
                    waf.update_ip_set(
                        **_named(inputs), **said, Addresses=addresses, LockToken=answer["LockToken"]
                    )
            except Conflict:
                if not left:
                    raise
            else:
                return

    def _waf(self, inputs: Mapping[str, str]) -> Any:
        cloudfront = inputs["scope"] == "CLOUDFRONT"
        return self._connect("wafv2", _CLOUDFRONT_REGION if cloudfront else None)


def _named(inputs: Mapping[str, str]) -> dict[str, str]:
    name, _, id_ = inputs["set"].partition("/")
    return {"Name": name, "Scope": inputs["scope"], "Id": id_}


def _place(addresses: list[str], asked: str) -> int | None:
    """Where the range stands, in whatever writing."""
    wanted = ipaddress.ip_network(asked)
    for place, each in enumerate(addresses):
        if ipaddress.ip_network(each, strict=False) == wanted:
            return place
    return None


def open_target(connect: Connect) -> WafLists:
    """In the Region that the list's scope says."""
    return WafLists(connect)
