"""The commands that create, list and revoke the tokens of producers."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError

from clients.cli.connection.settings import settings, time_of
from clients.cli.terminal.output import WRONG, Json, console, fail, print_json, print_table
from deploy.commands.servers import TOKENS_FILE, operated
from shared.access.tokens import TokenNameTaken, TokensUnreadable, create_token, list_tokens, revoke_token

T = TypeVar("T")

app = typer.Typer(help="Tokens of producers, in the file that BEAMCAT_TOKENS_FILE names.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The producer's name; it becomes the events' ce_source.")]


@app.command("create")
def create(
    name: Name,
    *,
    beamline: Annotated[
        list[str] | None, typer.Option(help="A beamline for which it is valid; may be repeated. Default: all.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Expiry, ISO 8601; a date is the end of that day, in the facility's zone.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Accept this token, which clients already have (an ICAT API key), instead of a new one."),
    ] = None,
) -> None:
    """Create a token. It is printed once, and only its hash is stored."""
    ends = time_of("--expires", expires, settings(), end_of_day=True) if expires else None
    try:
        typer.echo(_tried(lambda file: create_token(file, name, beamline or ["*"], ends, token)))
    except TokenNameTaken as error:
        fail(str(error))
    except ValidationError as error:
        fail("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()), WRONG)


@app.command("list")
def list_all(*, as_json: Json = False) -> None:
    """List every producer with its beamlines and the expiry of its token."""
    grants = _tried(list_tokens)
    if as_json:
        print_json([grant.model_dump(mode="json", exclude={"token_sha256"}) for grant in grants])
    else:
        print_table(
            ["name", "beamlines", "expires"],
            [(grant.name, ", ".join(grant.beamlines), grant.expires) for grant in grants],
        )


@app.command("revoke")
def revoke(name: Name) -> None:
    """Revoke a producer's token at once."""
    if not _tried(lambda file: revoke_token(file, name)):
        fail(f"no producer is called {name}")
    console.print(f"{name} can no longer submit anything", markup=False)


def _tried(work: Callable[[Path], T]) -> T:
    """The result of some work on the tokens file. If it cannot be read or written, the command ends with a sentence."""
    file = operated(TOKENS_FILE).access.tokens_file
    try:
        return work(file)
    except TokensUnreadable as error:
        fail(str(error))
    except OSError as error:
        fail(f"{file} cannot be written: {error} (BEAMCAT_TOKENS_FILE)")
