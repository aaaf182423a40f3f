"""Decides which connections stay open when a server has too many: a pure policy, and the table of connections.

While there is room, no connection is closed, however long it is silent. When there is none, a new connection is still
accepted: the address with the most connections loses the one that has been silent for longest. docs/adr/0019 says why.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Generic, Protocol, Self, TypeVar

IPV6_NETWORK_BITS = 64
"""The prefix that one machine or customer usually gets: its addresses count as one."""


Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections a server has room for."""

    most: int
    most_of_an_address: int
    overrun: int = 0
    """How many more may be open as long as all candidates for closing are busy."""

    @classmethod
    def of(cls, most: int, most_of_an_address: int) -> Self:
        """A room that busy connections may overrun by an eighth."""
        return cls(most, most_of_an_address, max(1, most // 8))

    @property
    def anteroom(self) -> "Room":
        """Room for connections that have not sent a request yet: half as many, with no limit for an address."""
        most = max(4, self.most // 2)
        return Room(most, most)

    @property
    def descriptors(self) -> int:
        """The file descriptors that it needs when it is completely full."""
        return self.most + self.overrun + self.anteroom.most


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """The state of one open connection, as the policy sees it."""

    since: float
    """When it was last active, in seconds of a monotonic clock; if it is busy, since when."""
    busy: bool = False
    """Something is in progress: a frame, a request, or an answer that it waits for."""


def crowded(loads: Mapping[str, int], room: Room, newcomer: str | None = None) -> tuple[set[str], int]:
    """The addresses that must lose a connection, and how many connections there are too many.

    These are the addresses above the limit for one address, else the addresses with the most connections. Of the
    latter, it is only the newcomer's address, if that is among them and has other connections.
    """
    excess = {address: load - room.most_of_an_address for address, load in loads.items()}
    beyond = max(sum(loads.values()) - room.most, *excess.values(), 0)
    if beyond == 0:
        return set(), 0
    if over := {address for address, count in excess.items() if count > 0}:
        return over, beyond
    fullest = max(loads.values())
    if newcomer is not None and loads[newcomer] == fullest > 1:
        return {newcomer}, beyond
    return {address for address, load in loads.items() if load == fullest}, beyond


def first_to_go(candidates: Mapping[Key, ConnectionState], beyond: int, room: Room) -> Key | None:
    """The connection to close at the crowded addresses: the one silent for longest, and busy ones last.

    It is None if all are busy and the overrun of the room is not used up.
    """
    first = min(candidates, key=lambda key: (candidates[key].busy, candidates[key].since), default=None)
    if first is None or (candidates[first].busy and beyond <= room.overrun):
        return None
    return first


def address_of(host: str) -> str:
    """The unit that counts as one address: an IPv4 address, the /64 of an IPv6 address, or else the text itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
    return host


class Peer(Protocol):
    """A connection, as the table of connections needs it."""

    @property
    def address(self) -> str:
        """The address of the client; see `address_of`."""

    @property
    def standing(self) -> ConnectionState:
        """Its present state."""

    def make_room(self, why: str) -> None:
        """Close at once, because a newcomer needs the place. The table has already removed it."""


Guest = TypeVar("Guest", bound=Peer)


class Admission(Generic[Guest]):
    """The connections of one server. They are in the anteroom until they have sent their first request.

    So connections that send nothing take no place from active ones.
    """

    def __init__(self, room: Room) -> None:
        self._inside = Chamber[Guest](room)
        self._outside = Chamber[Guest](room.anteroom)

    def __len__(self) -> int:
        return len(self._inside) + len(self._outside)

    def __iter__(self) -> Iterator[Guest]:
        return iter((*self._inside, *self._outside))

    def arrive(self, guest: Guest) -> None:
        """Add a new connection, which has not sent anything yet."""
        self._outside.add(guest)

    def enter(self, guest: Guest) -> None:
        """Give a connection a place after its first request, unless it already has one."""
        if self._outside.remove(guest):
            self._inside.add(guest)

    def leave(self, guest: Guest) -> None:
        """Remove a closed connection."""
        self._inside.remove(guest)
        self._outside.remove(guest)

    def trim(self) -> None:
        """End an overrun as soon as a connection is silent again. To be called about every second."""
        self._inside.trim(None)


class Chamber(Generic[Guest]):
    """The connections in one room, grouped by address, so that only crowded addresses are examined."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._guests: dict[str, set[Guest]] = {}
        self._loads: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._loads.total()

    def __iter__(self) -> Iterator[Guest]:
        return chain.from_iterable(self._guests.values())

    def add(self, guest: Guest) -> None:
        """Add a newcomer, for which others may have to make room."""
        self._guests.setdefault(guest.address, set()).add(guest)
        self._loads[guest.address] += 1
        self.trim(guest)

    def remove(self, guest: Guest) -> bool:
        """Remove a connection. It returns whether the connection was here."""
        guests = self._guests.get(guest.address, set())
        if guest not in guests:
            return False
        guests.remove(guest)
        self._loads[guest.address] -= 1
        if not guests:
            del self._guests[guest.address], self._loads[guest.address]
        return True

    def trim(self, newcomer: Guest | None) -> None:
        """Close connections until there is room, or until only busy ones are left to close."""
        while True:
            addresses, beyond = crowded(self._loads, self._room, None if newcomer is None else newcomer.address)
            guests = chain.from_iterable(self._guests[address] for address in addresses)
            candidates = {guest: guest.standing for guest in guests if guest is not newcomer}
            first = first_to_go(candidates, beyond, self._room)
            if first is None:
                return
            why = self._why(first.address)
            self.remove(first)
            first.make_room(why)

    def _why(self, address: str) -> str:
        count, most, of_an_address = self._loads[address], self._room.most, self._room.most_of_an_address
        return (
            f"{address} has {count} connections (at most {of_an_address}, and {most} of all addresses), and this one "
            "was silent for longest: it makes room for a new one; connect again when there is something to send"
        )
