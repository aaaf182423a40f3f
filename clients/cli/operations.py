"""Commands for those who operate beamcat."""

import asyncio
from typing import Annotated

import typer

import services
from clients.cli.output import Json, console, fail, print_json, print_table
from shared.settings import Settings
from shared.topics import TOPICS

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


def serve(name: Annotated[str, typer.Argument(help=f"One of {', '.join(services.NAMES)}.")]) -> None:
    """Run one service in the foreground, as a container does."""
    from shared.service import serve as serve_service

    if name not in services.NAMES:
        fail(f"there is no service {name}; there are {', '.join(services.NAMES)}")
    raise typer.Exit(serve_service(services.load(name), Settings()))


def migrate() -> None:
    """Bring every service's PostgreSQL schema up to date."""
    from shared.migrations import SCHEMAS
    from shared.migrations import migrate as migrate_schemas

    asyncio.run(migrate_schemas(Settings().database_url))
    console.print(f"Up to date: {', '.join(SCHEMAS)}")


def rebuild(what: Annotated[str, typer.Argument(help="search is the one that can be rebuilt.")] = "search") -> None:
    """Build the read model again from dataset.committed, beside the live one, and swap them."""
    if what != "search":
        fail(f"{what} cannot be rebuilt from events; search can")
    from services.search.rebuild import rebuild as rebuild_search

    asyncio.run(rebuild_search(Settings()))


@topics.command("apply")
def apply_topics(*, as_json: Json = False) -> None:
    """Create missing topics and set every topic's configuration. Doing it again changes nothing."""
    from shared.topic_admin import apply_topics as apply

    applied = asyncio.run(apply(Settings()))
    if as_json:
        print_json([vars(topic) for topic in applied])
    else:
        print_table(
            ["topic", "partitions", ""],
            [(topic.topic, topic.partitions, "created" if topic.created else "up to date") for topic in applied],
        )


@topics.command("list")
def list_topics(*, as_json: Json = False) -> None:
    """What flows where, and how long it is kept."""
    rows = [(topic.name, topic.type, topic.key, topic.retention_ms, topic.max_bytes) for topic in TOPICS]
    columns = ["topic", "type", "key", "retention_ms", "max_bytes"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)
