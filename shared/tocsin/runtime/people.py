"""Incidents, and beside them people's ways, links and what audiences heard: over one client."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.adapters.dynamodb_contacts import DynamoContacts
from tocsin.adapters.dynamodb_links import DynamoLinks
from tocsin.adapters.dynamodb_news import DynamoNews
from tocsin.runtime.application import Application, connect, table_client

if TYPE_CHECKING:
    from tocsin.ports import IncidentClock


class People(NamedTuple):
    """The ports of speaking to people and of hearing from their links."""

    application: Application
    contacts: DynamoContacts
    links: DynamoLinks
    news: DynamoNews


def connect_people(incidents_table: str, operations_table: str, *, clock: IncidentClock) -> People:
    """The ports of a deployed function."""
    dynamodb = table_client()
    return People(
        connect(incidents_table, clock=clock, dynamodb=dynamodb),
        DynamoContacts(dynamodb, table=operations_table),
        DynamoLinks(dynamodb, table=operations_table),
        DynamoNews(dynamodb, table=operations_table),
    )
