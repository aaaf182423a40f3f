"""The commands that store, choose and remove profiles, and show which beamcat is used."""

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from beamcat_client.addresses import GATEWAY_URL, SEARCH_URL, TOKEN, Catalogue
from beamcat_client.errors import BeamcatError
from beamcat_client.profiles import Profiles, read_profiles, write_profiles
from clients.cli.connection.address import catalogue, end, without_password
from clients.cli.connection.api import Api
from clients.cli.terminal.output import WRONG, Json, console, fail, print_json, print_table

app = typer.Typer(
    help="The beamcat that is used here, and the profiles that beamcat login stored.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="A profile that `beamcat config list` shows.")]


def login(
    *,
    search_url: Annotated[
        str | None, typer.Option(help="Address of the search service, such as http://host:port.")
    ] = None,
    gateway_url: Annotated[
        str | None, typer.Option(help="Address of the gateway; empty for users who only search.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help="The token. Others can see a command line, so better leave it out: type it when asked, or pipe it in."
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Name of the profile; default: the host of the search service.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that a beamcat answers and accepts the token, and use it from now on, in every folder."""
    addresses = {
        SEARCH_URL: _address(_asked("Search service (http://host:port)", search_url), "--search-url"),
        GATEWAY_URL: _address(_asked("Gateway (empty: none)", gateway_url), "--gateway-url"),
    }
    said = {**addresses, TOKEN: _token() if token is None else token.strip()}
    named = {name: value for name, value in said.items() if value}
    if SEARCH_URL not in named:
        fail("give --search-url: the address under which people open the catalogue", WRONG)
    Api(Catalogue(named)).try_out()
    name = profile or urlsplit(named[SEARCH_URL]).hostname or "beamcat"
    stored = _read()
    stored.store(name, named)
    _write(stored)
    if as_json:
        print_json({"profile": name})
    else:
        console.print(f"{named[SEARCH_URL]} answers and is used from now on, as the profile {name}", soft_wrap=True)


@app.command("show")
def show(*, as_json: Json = False) -> None:
    """Show which beamcat is used here, and why. Exit code 2 if none is configured."""
    found = catalogue()
    addresses = {
        name: without_password(value)
        for name, value in sorted(found.variables.items())
        if name.endswith(("_URL", "_HOST", "_PORT", "_SERVERS"))
    }
    token = f"of {found.token_origin}" if found.token else None
    if as_json:
        print_json({"decided_by": found.origin, "addresses": addresses, "token": token})
        return
    console.print(f"decided by {found.origin}", markup=False, soft_wrap=True)
    for name, value in addresses.items():
        console.print(f"  {name}={value}", markup=False, soft_wrap=True)
    console.print(f"  {found.token_told}", markup=False, soft_wrap=True)


@app.command("list")
def list_all(*, as_json: Json = False) -> None:
    """List every profile; the one in use is marked. Tokens are never shown."""
    stored = _read()
    rows = [
        (name, name == stored.current, said.get(SEARCH_URL), said.get(GATEWAY_URL), TOKEN in said)
        for name, said in sorted(stored.profiles.items())
    ]
    columns = ("profile", "used", "search", "gateway", "token")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, [["yes" if cell is True else cell or "" for cell in row] for row in rows])


@app.command("use")
def use(name: Name) -> None:
    """Use a profile from now on, unless something else names a beamcat."""
    stored = _read()
    try:
        stored.use(name)
    except BeamcatError as error:
        end(error)
    _write(stored)
    console.print(f"{name} is used from now on", markup=False)


@app.command("forget")
def forget(name: Name) -> None:
    """Remove a profile and its token from this machine."""
    stored = _read()
    try:
        stored.forget(name)
    except BeamcatError as error:
        end(error)
    _write(stored)
    console.print(f"{name} is forgotten", markup=False)


def _asked(question: str, said: str | None) -> str:
    """The given value, or else what the user types on a terminal."""
    if said is None and sys.stdin.isatty():
        said = str(typer.prompt(question, default="", show_default=False, err=True))
    return (said or "").strip()


def _token() -> str:
    """The token: typed without echo, or piped in."""
    if sys.stdin.isatty():
        return str(
            typer.prompt("Token (empty: none)", default="", show_default=False, hide_input=True, err=True)
        ).strip()
    return sys.stdin.readline().strip()


def _address(said: str, option: str) -> str:
    """An address without a trailing slash. If it is not an address, the command ends."""
    try:
        parts = urlsplit(said)
        more = parts.query or parts.fragment or parts.username
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not more
    except ValueError:
        is_one = False
    if said and not is_one:
        fail(f"{option} {said} is not an address: write it as http://host:port, without user, query or fragment", WRONG)
    return said.rstrip("/")


def _read() -> Profiles:
    try:
        return read_profiles()
    except BeamcatError as error:
        end(error)


def _write(stored: Profiles) -> None:
    try:
        write_profiles(stored)
    except BeamcatError as error:
        end(error)
