"""Who may hand in datasets."""

from datetime import datetime
from typing import Annotated

import typer

from clients.cli.output import Json, console, fail, print_json, print_table
from clients.cli.surroundings import settings
from shared.tokens import TokenNameTaken, create_token, list_tokens, revoke_token

app = typer.Typer(help="Tokens of producers, in the file that BEAMCAT_TOKENS_FILE names.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The producer's name; it becomes the events' ce_source.")]


@app.command("create")
def create(
    name: Name,
    *,
    beamline: Annotated[
        list[str] | None, typer.Option(help="A beamline it may speak for; repeat. Default: all.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(help="ISO 8601.")] = None,
    token: Annotated[
        str | None, typer.Option(help="Grant this one, which clients have already (an ICAT API key), not a new one.")
    ] = None,
) -> None:
    """Make a token. It is printed once and only its hash is kept."""
    try:
        typer.echo(create_token(settings().tokens_file, name, beamline or ["*"], expires, token))
    except TokenNameTaken as error:
        fail(str(error))


@app.command("list")
def list_all(*, as_json: Json = False) -> None:
    """Every producer, its beamlines and when its token ends."""
    grants = list_tokens(settings().tokens_file)
    if as_json:
        print_json([grant.model_dump(mode="json", exclude={"sha256"}) for grant in grants])
    else:
        print_table(
            ["name", "beamlines", "expires"],
            [(grant.name, ", ".join(grant.beamlines), grant.expires) for grant in grants],
        )


@app.command("revoke")
def revoke(name: Name) -> None:
    """End a producer's token at once."""
    if not revoke_token(settings().tokens_file, name):
        fail(f"no producer is called {name}")
    console.print(f"{name} can hand in nothing any more")
