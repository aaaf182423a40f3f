"""The declaration of the linker."""

from services.linker.handler import Linker
from services.linker.held.deadlines import Deadlines
from services.linker.held.looks import SecondLooks
from services.linker.held.ports import ReleaseOutbox
from services.linker.inputs.submissions import LinkerView
from services.linker.plan.announcements import CommittedView, RejectedView, UserOffice, learn_commits, learn_rejections
from services.linker.routes import routes
from services.linker.storage.store import PostgresLinks
from shared.events.investigation import InvestigationAnnounced
from shared.events.topics import COMMITTED, INVESTIGATIONS, LINKED, PENDING, REGISTERED, REJECTED, VALIDATED
from shared.host.service import Components, Resources, Service
from shared.stages.relay import Relay
from shared.stages.stage import Stage
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.techniques import TechniqueBook


def assemble(resources: Resources) -> Components:
    """Four stages over one memory, the relays of what is released and of second looks, and the timer."""
    techniques = TechniqueBook.load(own_folders("techniques", resources.settings.schema_directories))
    links = PostgresLinks(
        resources.database, resources.identities, techniques.input_demands, resources.settings.awaited_inputs
    )
    linker = Linker(techniques, resources.identities, resources.settings.await_inputs_seconds)
    office = UserOffice(resources.identities)
    relay = Relay("linker-relay", ReleaseOutbox(links, linker, resources.clock), resources.publisher, resources.backoff)
    looks = Relay("linker-looks", SecondLooks(links, resources.clock), resources.publisher, resources.backoff)
    deadlines = Deadlines(links, relay, resources.backoff, resources.clock)
    return Components(
        stages=(
            Stage("linker", VALIDATED, LinkerView, linker.link, links.linking, LINKED, relay.wake),
            Stage("linker-commits", COMMITTED, CommittedView, learn_commits, links.commits, saved=relay.wake),
            Stage("linker-investigations", INVESTIGATIONS, InvestigationAnnounced, office.learn, links.announcements,
                  REGISTERED, relay.wake),
            Stage("linker-rejections", REJECTED, RejectedView, learn_rejections, links.rejections, saved=relay.wake,
                  publishes_rejections=False),
        ),
        tasks=(relay.run, looks.run, deadlines.run),
        router=routes(links, linker, resources.clock),
    )  # fmt: skip


SERVICE = Service("linker", assemble, schema="linker", produces=(LINKED, REGISTERED, PENDING, REJECTED))
