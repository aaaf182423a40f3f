"""The declaration of the linker."""

from services.linker.deadlines import Deadlines
from services.linker.handler import Linker, LinkerView
from services.linker.learning import CommittedView, RejectedView, UserOffice, learn_commits, learn_rejections
from services.linker.looking import SecondLooks
from services.linker.ports import ReleaseOutbox
from services.linker.routes import routes
from services.linker.store import PostgresLinks
from shared.datafiles import own_folders
from shared.events import InvestigationAnnounced
from shared.relay import Relay
from shared.service import Ground, Parts, Service
from shared.stage import Stage
from shared.techniques import TechniqueBook
from shared.topics import COMMITTED, INVESTIGATIONS, LINKED, REGISTERED, REJECTED, VALIDATED


def assemble(ground: Ground) -> Parts:
    """Four stages over one memory, the relays of what is released and of second looks, and the timer."""
    techniques = TechniqueBook.load(own_folders("techniques", ground.settings.schema_directories))
    links = PostgresLinks(ground.database, ground.identities, techniques.input_demands, ground.settings.awaited_inputs)
    linker = Linker(techniques, ground.identities, ground.settings.await_inputs_seconds)
    office = UserOffice(ground.identities)
    relay = Relay("linker-relay", ReleaseOutbox(links, linker, ground.clock), ground.publisher, ground.patience)
    looks = Relay("linker-looks", SecondLooks(links, ground.clock), ground.publisher, ground.patience)
    deadlines = Deadlines(links, relay, ground.patience, ground.clock)
    return Parts(
        stages=(
            Stage("linker", VALIDATED, LinkerView, linker.link, links.linking, LINKED, relay.wake),
            Stage("linker-commits", COMMITTED, CommittedView, learn_commits, links.commits, saved=relay.wake),
            Stage("linker-investigations", INVESTIGATIONS, InvestigationAnnounced, office.learn, links.announcements,
                  REGISTERED, relay.wake),
            Stage("linker-rejections", REJECTED, RejectedView, learn_rejections, links.rejections, saved=relay.wake,
                  onlooker=True),
        ),
        tasks=(relay.run, looks.run, deadlines.run),
        router=routes(links, linker, ground.clock),
    )  # fmt: skip


SERVICE = Service("linker", assemble, schema="linker")
