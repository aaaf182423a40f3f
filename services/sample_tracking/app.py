"""The declaration of sample tracking."""

from functools import partial

from services.sample_tracking.handler import remember, track, visit
from services.sample_tracking.register import PostgresRegister
from services.sample_tracking.routes import routes
from services.sample_tracking.samples import TrackingView
from services.sample_tracking.store import PostgresHappenings, PostgresTracking, PostgresVisits
from shared.events import InvestigationRegistered, SampleMoved
from shared.service import Ground, Parts, Service
from shared.stage import Stage
from shared.topics import LINKED, REGISTERED, SAMPLES, TRACKED


def assemble(ground: Ground) -> Parts:
    """Its stages and routes."""
    tracking = PostgresTracking(ground.database)
    happenings = PostgresHappenings(ground.database)
    by_dataset, by_event = partial(track, ground.identities), partial(remember, ground.identities)
    datasets = Stage("sample_tracking", LINKED, TrackingView, by_dataset, tracking, produces=TRACKED)
    samples = Stage("sample-events", SAMPLES, SampleMoved, by_event, happenings)
    visits = Stage("sample-visits", REGISTERED, InvestigationRegistered, visit, PostgresVisits(ground.database))
    return Parts(stages=(datasets, samples, visits), router=routes(PostgresRegister(ground.database)))


SERVICE = Service("sample_tracking", assemble, schema="sample_tracking")
