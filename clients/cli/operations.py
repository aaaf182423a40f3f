"""Commands for those who operate beamcat."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import Progress

import services
from clients.cli.output import UNREACHABLE, Json, console, errors, fail, print_json, print_table
from clients.cli.surroundings import own_settings, settings
from shared.topics import TOPICS

T = TypeVar("T")

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


def serve(name: Annotated[str, typer.Argument(help=f"One of {', '.join(services.NAMES)}.")]) -> None:
    """Run one service in the foreground, as a container does."""
    from shared.service import serve as serve_service

    if name not in services.NAMES:
        fail(f"there is no service {name}; there are {', '.join(services.NAMES)}")
    raise typer.Exit(serve_service(services.load(name), own_settings()))


def migrate() -> None:
    """Bring every service's PostgreSQL schema up to date."""
    from shared.migrations import SCHEMAS
    from shared.migrations import migrate as migrate_schemas

    _operated(migrate_schemas(settings().database_url))
    console.print(f"Up to date: {', '.join(SCHEMAS)}")


def rebuild(
    what: Annotated[
        str,
        typer.Argument(help="search; or, while no catalog_writer runs, numbers: of datasets that a backup lacks."),
    ] = "search",
) -> None:
    """Build the read model again from dataset.committed, beside the live one, and swap them.

    numbers: after a backup of PostgreSQL was put back.
    """
    if what not in {"search", "numbers"}:
        fail(f"{what} cannot be rebuilt from events; search and numbers can")
    from services.catalog_writer.renumbering import remember_numbers
    from services.search.rebuild import rebuild as rebuild_search

    work, told = {
        "search": (rebuild_search, "search was built again from {} events"),
        "numbers": (remember_numbers, "{} datasets that the catalogue lacks will have their numbers again"),
    }[what]
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        reading = progress.add_task("events read", total=None)
        count = _operated(work(settings(), lambda done, every: progress.update(reading, completed=done, total=every)))
    console.print(told.format(count))


@topics.command("apply")
def apply_topics(*, as_json: Json = False) -> None:
    """Create missing topics and set every topic's configuration. Doing it again changes nothing."""
    from shared.topic_admin import apply_topics as apply

    applied = _operated(apply(settings()))
    if as_json:
        print_json([vars(topic) for topic in applied])
    else:
        print_table(
            ["topic", "partitions", ""],
            [(topic.topic, topic.partitions, "created" if topic.created else "up to date") for topic in applied],
        )


def _operated(work: Coroutine[Any, Any, T]) -> T:
    """What came of it; where Kafka or PostgreSQL refuse or do not answer, the command ends in words."""
    from sqlalchemy.exc import DBAPIError

    from shared.faults import Fault, fault_of

    try:
        return asyncio.run(work)
    except Exception as error:
        origin = (isinstance(error, DBAPIError) and error.orig and error.orig.__cause__) or error
        where = "(BEAMCAT_KAFKA_BOOTSTRAP_SERVERS, BEAMCAT_DATABASE_URL)"
        match fault_of(origin):
            case Fault.FATAL:
                fail(f"{origin} {where}")
            case Fault.TRANSIENT:
                fail(f"Kafka or PostgreSQL does not answer ({origin}); is beamcat up? {where}", UNREACHABLE)
        raise


@topics.command("list")
def list_topics(*, as_json: Json = False) -> None:
    """What flows where, and how long it is kept."""
    rows = [(topic.name, topic.type, topic.key, topic.retention_ms, topic.max_bytes) for topic in TOPICS]
    columns = ["topic", "type", "key", "retention_ms", "max_bytes"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)
