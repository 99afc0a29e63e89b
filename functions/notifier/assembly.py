"""The notifier's ports, bound to AWS: made once, at init; secrets are read with the first use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from tocsin.application.incidents.brief_page import Briefer
from tocsin.application.incidents.deliver import LEASE, Delivery
from tocsin.application.people.bundles import Bundler
from tocsin.application.people.contact_messages import Contacting
from tocsin.application.people.contacts import ContactDesk
from tocsin.application.people.mint_links import Minter
from tocsin.application.people.route import Router
from tocsin.application.reports.mails import ReportMails
from tocsin.channels.registry import KnownChannels, registered_topics, registered_ways
from tocsin.channels.webhook_keys import master_key, secret_of, shown
from tocsin.documents.writing import Documents
from tocsin.people.links import Keyring, counted_as, keyring, link_base
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.wiring.incidents import reports, tables
from tocsin.runtime.wiring.people import connect_people

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.notifier.settings import Settings
    from tocsin.ports.people import WaySender
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.people import People


class Notifier(NamedTuple):
    """What the handler calls."""

    delivery: Delivery
    contacting: Contacting
    report_mails: ReportMails


@dataclass(frozen=True, slots=True)
class _Keys:
    """The secret `delivery-keys`, read once for all of its uses."""

    document: CachedSecret[Mapping[str, object]]

    def ring(self) -> Keyring:
        return keyring(self.document.get())

    def base(self) -> str:
        return link_base(self.document.get())

    def name_of(self, address: str) -> str:
        """What an address is counted by."""
        return counted_as(address, self.ring())

    def webhook_secret(self, way_id: str) -> str:
        return shown(secret_of(master_key(self.document.get()), way_id))


def _whole(document: Mapping[str, object]) -> Mapping[str, object]:
    return document


def wire(settings: Settings, watch: Watch) -> Notifier:
    """The notifier of a deployed stage."""
    people = connect_people(
        settings.INCIDENTS_TABLE,
        settings.OPERATIONS_TABLE,
        clock=watch.clock,
        tell=watch.rotas_unread,
        policy_unread=watch.policy_unread,
    )
    wall = wall_clock()
    ways = registered_ways(asdict(settings))
    secret = CachedSecret(from_environment("secretsmanager"), settings.DELIVERY_KEYS_SECRET, _whole)
    keys = _Keys(secret)
    router = Router(
        contacts=people.contacts,
        topics=registered_topics(asdict(settings)),
        ways=ways,
        writer=Documents(),
        channels=KnownChannels(),
        minter=Minter(store=people.links, ring=keys.ring, base=keys.base, wall=wall, notes=watch),
        notes=watch,
        brief=Briefer(
            store=people.application.store,
            policies=people.manned.policies,
            releases=people.releases,
            clock=watch.clock,
            notes=watch,
        ).brief,
    )
    bundler = _bundler(people, router, watch)
    delivery = Delivery(
        store=people.application.store,
        policies=people.application.policies,
        clock=watch.clock,
        wall=wall,
        router=router,
        bundler=bundler,
        news=people.news,
        notes=watch,
    )
    desk = ContactDesk(store=people.contacts, wall=wall, ids=SystemIds(wall))
    contacting = Contacting(desk=desk, ways=ways, secret=keys.webhook_secret, notes=watch)
    return Notifier(delivery, contacting, _report_mails(settings, watch, ways, keys))


def _report_mails(
    settings: Settings, watch: Watch, ways: Callable[[str], WaySender], keys: _Keys
) -> ReportMails:
    """What is written to people outside who reported something."""
    wall = wall_clock()
    return ReportMails(
        store=reports(tables(), settings.OPERATIONS_TABLE),
        ways=ways,
        base=keys.base,
        name_of=keys.name_of,
        clock=watch.clock,
        wall=wall,
        ids=SystemIds(wall),
        notes=watch,
    )


def _bundler(people: People, router: Router, watch: Watch) -> Bundler:
    """Sends by the router's own ways what is too much for one of them."""
    return Bundler(
        store=people.application.store,
        texts=people.texts,
        contacts=people.contacts,
        policies=people.application.policies,
        ways=router.ways,
        private=router.channels.private,
        writer=Documents(),
        minter=router.minter,
        brief=router.brief,
        clock=watch.clock,
        wall=wall_clock(),
        notes=watch,
        lease=LEASE,
    )
