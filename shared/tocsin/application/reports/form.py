"""Reports from anybody: how many are taken, and whose address is confirmed.

Two counts in the store, each one conditional write: of one address, and of all. They hold for
every instance together and need no lock. An address is counted by a keyed digest; of IPv6 by the
network of 64 bits that one customer of a provider has whole.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from tocsin.errors import ConditionFailed, TooManyReports, UnknownName
from tocsin.incidents.model.correspondents import Standing, confirmed, digest
from tocsin.incidents.model.reports import Via

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.application.reports.desk import ReportDesk, Told
    from tocsin.incidents.model.correspondents import Correspondent
    from tocsin.incidents.model.reports import Report

WINDOW = timedelta(minutes=10)
OF_ONE_ADDRESS = 5
IN_ALL = 60
_RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicForm:
    """`name_of` answers what an address is counted by: nothing from which it can be read."""

    desk: ReportDesk
    name_of: Callable[[str], str]

    def take(self, told: Told, source: str) -> Report:
        """Keeps what somebody tells from an address, if no more came than are taken.

        Raises:
            BadInput: nothing is told, or the address to write back to is none.
            PayloadTooLarge: more is told than the record takes.
            TooManyReports: of this address, or in all.
        """
        return self.desk.take(told, Via.FORM, admit=lambda: self._admit(source))

    def asked(self, token: str) -> Correspondent:
        """Whose address a link confirms; changes nothing.

        Raises:
            UnknownName: no such link is good any more.
        """
        reference, _, _ = token.rpartition(".")
        one = self.desk.store.correspondent(reference) if reference else None
        proof = "" if one is None else one.proof
        good = hmac.compare_digest(proof, digest(token))
        if one is None or not good or self.desk.wall.wall_now() >= one.until:
            raise UnknownName("this link confirms nothing any more", kind="link")
        return one

    def confirm(self, token: str) -> Correspondent:
        """Puts down that somebody reads there who wants to know; again changes nothing.

        Raises:
            UnknownName: no such link is good any more.
        """
        for race in range(_RACES):
            one = self.asked(token)
            if one.standing is Standing.CONFIRMED:
                return one
            now, wall = self.desk.now(), self.desk.wall.wall_now()
            after = replace(confirmed(one, now=now, wall=wall), ver=one.ver + 1)
            try:
                self.desk.store.save_correspondent(after, expected=one.ver)
            except ConditionFailed:
                if race == _RACES - 1:
                    raise
            else:
                return after
        raise AssertionError("the last race returns or raises")

    def _admit(self, source: str) -> None:
        """The address first: who is over their own measure takes nothing of everybody's."""
        now = self.desk.wall.wall_now()
        began = datetime.fromtimestamp(now.timestamp() // _SECONDS * _SECONDS, UTC)
        until = began + WINDOW
        window = f"{began:%Y%m%d%H%M}"
        store = self.desk.store
        mine = f"from#{self.name_of(counted(source))}#{window}"
        if not store.take(mine, most=OF_ONE_ADDRESS, until=until):
            raise TooManyReports("too many reports came from your network just now")
        if not store.take(f"all#{window}", most=IN_ALL, until=until):
            raise TooManyReports("too many reports come in at the moment")


_SECONDS = int(WINDOW.total_seconds())


def counted(source: str) -> str:
    """What of an address is counted together; whatever is no address is one."""
    try:
        address = ip_address(source)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
