"""Incidents, and beside them people's ways, links and what audiences heard: over one client."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tocsin.adapters.people.rotas import DynamoRotas
from tocsin.adapters.people.stores import DynamoContacts, DynamoLinks, DynamoNews
from tocsin.adapters.people.texts import DynamoTexts
from tocsin.adapters.releases.store import DynamoReleases
from tocsin.application.people.on_call import OnDuty
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.wiring.incidents import Application, connect, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.errors import TocsinError
    from tocsin.ports.time import IncidentClock


class People(NamedTuple):
    """The ports of speaking to people and of hearing from their links.

    `manned` is the same application with the people on call in its policies' rosters: for whatever
    decides who is asked next. It costs a read of the rotations.
    """

    application: Application
    manned: Application
    releases: DynamoReleases
    contacts: DynamoContacts
    links: DynamoLinks
    news: DynamoNews
    texts: DynamoTexts


def connect_people(
    incidents_table: str,
    operations_table: str,
    *,
    clock: IncidentClock,
    tell: Callable[[TocsinError], None] = lambda _error: None,
    policy_unread: Callable[[TocsinError], None] = lambda _error: None,
) -> People:
    """The ports of a deployed function; `tell` and `policy_unread` as for `connect`."""
    dynamodb = tables()
    application = connect(
        incidents_table,
        clock=clock,
        policies_table=operations_table,
        policy_unread=policy_unread,
        dynamodb=dynamodb,
    )
    rotas = DynamoRotas(dynamodb, table=operations_table)
    on_duty = OnDuty(application.policies, rotas, clock, tell)
    return People(
        application,
        replace(application, policies=on_duty, on_duty=on_duty),
        DynamoReleases(dynamodb, table=operations_table),
        DynamoContacts(dynamodb, table=operations_table),
        DynamoLinks(dynamodb, table=operations_table),
        DynamoNews(dynamodb, table=operations_table),
        DynamoTexts(dynamodb, operations_table, wall_clock()),
    )
