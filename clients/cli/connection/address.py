"""Which beamcat a command asks, and its addresses."""

from typing import NoReturn

from beamcat_client.addresses import Catalogue, find_catalogue
from beamcat_client.errors import AddressUnknown, BeamcatError, NotRunning, ProfileUnknown
from clients.cli.connection.options import chosen
from clients.cli.terminal.output import FAILED, UNREACHABLE, WRONG, errors, fail


def catalogue() -> Catalogue:
    """The beamcat to ask. If none is named, or it is not running, the command ends."""
    said = chosen()
    if said.profile and any(said.addresses.values()):
        fail("--profile names a beamcat, and so do --search-url and --gateway-url: give only one of them", WRONG)
    try:
        found = find_catalogue(said.addresses, said.profile)
    except BeamcatError as error:
        end(error)
    if found.note:
        errors.print(f"{found.note}, so {found.origin} is asked", markup=False, soft_wrap=True)
    return found


def address_of(found: Catalogue, name: str, service: str) -> str:
    """One address of a beamcat. If it is not named, the command ends."""
    try:
        return found.address(name, service)
    except AddressUnknown as error:
        end(error)


def end(error: BeamcatError) -> NoReturn:
    """End the command without a beamcat. The exit code says whether the same call may succeed later."""
    codes = {AddressUnknown: WRONG, ProfileUnknown: WRONG, NotRunning: UNREACHABLE}
    fail(str(error), codes.get(type(error), FAILED))


def without_password(address: str) -> str:
    """An address without a password."""
    user, separator, place = address.partition("?")[0].rpartition("@")
    return f"{user.rpartition(':')[0] if user.count(':') > 1 else user}{separator}{place}"
