"""The commands for operators that need Kafka or PostgreSQL."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer

import services
from beamcat_client.addresses import DATABASE_URL, KAFKA
from clients.cli.connection.settings import settings, time_of
from clients.cli.terminal.output import UNREACHABLE, WRONG, Json, console, fail, print_json, print_table, progress_bar
from deploy.commands.servers import operated, valid
from deploy.settings import OperatorSettings, misspelt
from shared.events.topics import TOPICS
from shared.host.settings import ServiceSettings
from shared.runtime import logs
from shared.runtime.facility import identities_of
from shared.runtime.settings import read

T = TypeVar("T")
S = TypeVar("S", bound=ServiceSettings)

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


def program_names() -> list[str]:
    """The names of all programs, for the Tab key."""
    return list(services.PROGRAMS)


def serve(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(services.PROGRAMS)}.", autocompletion=program_names)],
) -> None:
    """Run one service in the foreground, as a container does, or the four of the pipeline together."""
    from shared.host.process import serve as serve_program

    if name not in services.PROGRAMS:
        fail(f"there is no service {name}; there are {', '.join(services.PROGRAMS)}", WRONG)
    served = [(services.load(each), _settings_of(each)) for each in services.PROGRAMS[name]]
    raise typer.Exit(serve_program(name, served, misspelt()))


def _settings_of(service: str) -> ServiceSettings:
    return _with_facility(valid(lambda: read(services.settings_of(service), os.environ, beside=[OperatorSettings])))


def migrate() -> None:
    """Migrate every service's PostgreSQL schema to the current version."""
    from shared.postgres.migrations import SCHEMAS
    from shared.postgres.migrations import migrate as migrate_schemas

    _answer_of(migrate_schemas(operated(DATABASE_URL).database.url))
    console.print(f"Up to date: {', '.join(SCHEMAS)}")


def rebuild(
    what: Annotated[str, typer.Argument(help="The service to rebuild: search.")] = "search",
) -> None:
    """Rebuild the read model from the topics, beside the live one, and swap them."""
    from services.search.rebuild import rebuild as rebuild_search

    if what != "search":
        fail(f"{what} cannot be rebuilt from events; search can", WRONG)
    found = _with_facility(operated(DATABASE_URL, KAFKA))
    with _event_progress() as progress:
        count = _answer_of(rebuild_search(found, progress))
    console.print(f"search was rebuilt from {count} events")


def integrity(*, as_json: Json = False) -> None:
    """Check that what the tables of the catalogue refer to exists, and change nothing. Exit code 1 if it does not."""
    from services.catalog_writer.integrity import missing_targets

    missing = _answer_of(missing_targets(operated(DATABASE_URL).database))
    if as_json:
        print_json(missing)
    else:
        print_table(["reference", "missing"], list(missing.items()))
    if any(missing.values()):
        raise typer.Exit(1)


def recover(
    since: Annotated[
        str, typer.Option(help="A time before the backup was made, such as 2024-11-30T02:00, in the facility's zone.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Let the services read again what came since an older backup of PostgreSQL that was restored.

    All services must be stopped; start them afterwards. What already exists is not changed, so a time that is too
    early costs only time.
    """
    from deploy.commands.recovery import recover as recover_lost

    begin = time_of("--since", since, settings())
    found = _with_facility(operated(DATABASE_URL, KAFKA))
    with _event_progress() as progress:
        recovered = _answer_of(recover_lost(found, begin, progress))
    if as_json:
        print_json(vars(recovered))
        return
    console.print(f"{recovered.numbers} datasets that the catalogue lacks will have their numbers again")
    console.print(f"{recovered.investigations} investigations that the linker lacked are known again")
    console.print(f"{len(recovered.groups)} consumer groups go on from {begin.isoformat()}: start the services")
    for topic, first in recovered.gone.items():
        console.print(f"[yellow]{topic} has nothing before {first.isoformat()}[/]: what came earlier is not read again")


def _with_facility(known: S) -> S:
    """The settings, if they name the facility from which ids are derived. Otherwise the command ends."""
    valid(lambda: identities_of(known.facility))
    return known


@contextmanager
def _event_progress() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, and the function that updates it with the number of events read, and of all."""
    with progress_bar() as progress:
        reading = progress.add_task("events read", total=None)
        yield lambda done, every: progress.update(reading, completed=done, total=every)


@topics.command("apply")
def apply_topics(*, as_json: Json = False) -> None:
    """Create missing topics and configure all topics. Running it again changes nothing."""
    from shared.kafka.topic_admin import apply_topics as apply

    found = operated(KAFKA)
    applied = _answer_of(apply(found.kafka, found.topics))
    if as_json:
        print_json([vars(topic) for topic in applied])
    else:
        print_table(
            ["topic", "partitions", ""],
            [(topic.topic, topic.partitions, "created" if topic.created else "up to date") for topic in applied],
        )


def _answer_of(work: Coroutine[Any, Any, T]) -> T:
    """The result of some work. If Kafka or PostgreSQL refuses or does not answer, the command ends with a sentence."""
    from sqlalchemy.exc import DBAPIError

    from shared.runtime.error_kinds import ErrorKind, error_kind

    logs.set_up_for_command()
    try:
        return asyncio.run(work)
    except Exception as error:
        origin = (isinstance(error, DBAPIError) and error.orig and error.orig.__cause__) or error
        where = "(BEAMCAT_KAFKA_BOOTSTRAP_SERVERS, BEAMCAT_DATABASE_URL)"
        match error_kind(origin):
            case ErrorKind.FATAL:
                fail(f"{origin} {where}")
            case ErrorKind.TRANSIENT:
                fail(f"Kafka or PostgreSQL does not answer ({origin}); is beamcat up? {where}", UNREACHABLE)
        raise


@topics.command("list")
def list_topics(*, as_json: Json = False) -> None:
    """List the topics, their events, and how long they are kept."""
    rows = [(topic.name, topic.type, topic.key, topic.retention_ms, topic.max_bytes) for topic in TOPICS]
    columns = ["topic", "type", "key", "retention_ms", "max_bytes"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)
