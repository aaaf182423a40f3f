"""The declaration of the linker."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.linker.handler import Linker
from services.linker.held.deadlines import Deadlines
from services.linker.held.ports import LinkStore, StageStore
from services.linker.held.release import ReleaseOutbox
from services.linker.held.repeated_searches import RepeatedSearchOutbox
from services.linker.inputs.submissions import LinkerView
from services.linker.plan.announcements import UserOffice
from services.linker.plan.commits import CommittedView, learn_commits
from services.linker.plan.rejections import RejectedView, learn_rejections
from services.linker.routes import routes
from services.linker.settings import LinkerSettings
from services.linker.storage.postgres.store import PostgresLinks
from shared.events.investigation import InvestigationAnnounced
from shared.events.topics import COMMITTED, INVESTIGATIONS, LINKED, PENDING, REGISTERED, REJECTED, VALIDATED
from shared.host.service import Components, Resources, Service
from shared.stages.relay import Relay
from shared.stages.stage import Stage
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.techniques import TechniqueBook


def assemble(resources: Resources[LinkerSettings]) -> Components:
    """Four stages over one store, the relays of releases and of repeated searches, and the timer."""
    techniques = TechniqueBook.load(own_folders("techniques", resources.settings.facility.schema_directories))
    links = PostgresLinks(
        resources.database, resources.identities, techniques.input_demands, resources.settings.awaited_inputs
    )
    linker = Linker(techniques, resources.identities, resources.settings.await_inputs_seconds)
    relay = Relay("linker-relay", ReleaseOutbox(links, linker, resources.clock), resources.publisher, resources.backoff)
    searches = Relay(
        "linker-looks", RepeatedSearchOutbox(links, resources.clock), resources.publisher, resources.backoff
    )
    deadlines = Deadlines(links, relay, resources.backoff, resources.clock)
    return Components(
        stages=stages_of(links, linker, relay.wake),
        tasks=(relay.run, searches.run, deadlines.run),
        router=routes(links, linker, resources.clock),
    )


def stages_of(links: LinkStore, linker: Linker, wake: Callable[[], None] = lambda: None) -> tuple[Stage[Any, Any], ...]:
    """The four stages that share the store. `wake` is called after each batch that leaves work for the relay."""
    office = UserOffice(linker.identities)
    linking, commits, announcements, rejections = links.linking, links.commits, links.announcements, links.rejections

    def waking(store: StageStore[Any, Any]) -> Callable[[], None]:
        return partial(store.wake_for_work, wake)

    return (
        Stage("linker", VALIDATED, LinkerView, linker.link, linking, LINKED, waking(linking)),
        Stage("linker-commits", COMMITTED, CommittedView, learn_commits, commits, saved=waking(commits)),
        Stage("linker-investigations", INVESTIGATIONS, InvestigationAnnounced, office.learn, announcements, REGISTERED,
              waking(announcements)),
        Stage("linker-rejections", REJECTED, RejectedView, learn_rejections, rejections, saved=waking(rejections),
              publishes_rejections=False),
    )  # fmt: skip


SERVICE = Service("linker", LinkerSettings, assemble, schema="linker", produces=(LINKED, REGISTERED, PENDING, REJECTED))
