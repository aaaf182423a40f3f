"""The declaration of sample tracking."""

from functools import partial

from services.sample_tracking.handler import remember, track, visit
from services.sample_tracking.register import PostgresRegister
from services.sample_tracking.routes import routes
from services.sample_tracking.samples import TrackingView
from services.sample_tracking.settings import SampleTrackingSettings
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from shared.events.investigation import InvestigationRegistered
from shared.events.sample import SampleMoved
from shared.events.topics import LINKED, REGISTERED, REJECTED, SAMPLES, TRACKED
from shared.host.service import Components, Resources, Service
from shared.stages.stage import Stage


def assemble(resources: Resources[SampleTrackingSettings]) -> Components:
    """The stages and the routes."""
    tracking = PostgresTracking(resources.database)
    happenings = PostgresHappenings(resources.database)
    by_dataset, by_event = partial(track, resources.identities), partial(remember, resources.identities)
    datasets = Stage("sample_tracking", LINKED, TrackingView, by_dataset, tracking, produces=TRACKED)
    samples = Stage("sample-events", SAMPLES, SampleMoved, by_event, happenings)
    visits = Stage("sample-visits", REGISTERED, InvestigationRegistered, visit, PostgresVisits(resources.database))
    return Components(stages=(datasets, samples, visits), router=routes(PostgresRegister(resources.database)))


SERVICE = Service(
    "sample_tracking", SampleTrackingSettings, assemble, schema="sample_tracking", produces=(TRACKED, REJECTED)
)
