"""Who may stay connected when a door is crowded: a pure policy, and the table of connections that it rules.

While there is room, nobody is sent away, however long it is silent. When there is none, a newcomer still gets in: the
address with the most connections gives one up, the one that has been silent for longest. docs/adr/0019 says why.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Generic, Protocol, Self, TypeVar

IPV6_NETWORK_BITS = 64
"""What one machine or one customer is given: its addresses count as one."""


Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections a door has room for."""

    most: int
    most_of_an_address: int
    overrun: int = 0
    """How many more may be open as long as those that would have to go are all busy."""

    @classmethod
    def of(cls, most: int, most_of_an_address: int) -> Self:
        """A room that busy connections may overrun by an eighth."""
        return cls(most, most_of_an_address, max(1, most // 8))

    @property
    def anteroom(self) -> "Room":
        """Room for those that have not said yet what they want: half as many, however they share it."""
        most = max(4, self.most // 2)
        return Room(most, most)

    @property
    def descriptors(self) -> int:
        """The file descriptors that it takes when it is as full as it can be."""
        return self.most + self.overrun + self.anteroom.most


@dataclass(frozen=True, slots=True)
class Standing:
    """What one open connection does, as the policy sees it."""

    since: float
    """When it last did something, in seconds of a clock that never goes back; if it is busy, since when it is."""
    busy: bool = False
    """Something of it is under way: a frame, a request, an answer that it waits for."""


def crowded(loads: Mapping[str, int], room: Room, newcomer: str | None = None) -> tuple[set[str], int]:
    """The addresses of which one connection has to go, given how many each has, and how many there are too many.

    These are the addresses that have more than one may have, else those that have the most. If the newcomer's address
    is among the fullest, and has others, it alone.
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


def first_to_go(candidates: Mapping[Key, Standing], beyond: int, room: Room) -> Key | None:
    """Who goes of the connections of the crowded addresses: the longest silent, and the busy last.

    Nobody goes if all are busy, and not more than the overrun that the room bears.
    """
    first = min(candidates, key=lambda key: (candidates[key].busy, candidates[key].since), default=None)
    if first is None or (candidates[first].busy and beyond <= room.overrun):
        return None
    return first


def address_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 address; anything else as it is."""
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
        """Whose it is; see `address_of`."""

    @property
    def standing(self) -> Standing:
        """How it stands at this moment."""

    def make_room(self, why: str) -> None:
        """Close at once, since a newcomer needs the place; the table has forgotten it already."""


Guest = TypeVar("Guest", bound=Peer)


class Admission(Generic[Guest]):
    """The connections of one door. They wait in the anteroom until they have said what they want.

    So those that only knock take no place from those that work here.
    """

    def __init__(self, room: Room) -> None:
        self._inside = Chamber[Guest](room)
        self._outside = Chamber[Guest](room.anteroom)

    def __len__(self) -> int:
        return len(self._inside) + len(self._outside)

    def __iter__(self) -> Iterator[Guest]:
        return iter((*self._inside, *self._outside))

    def arrive(self, guest: Guest) -> None:
        """A connection was opened, and has said nothing yet."""
        self._outside.add(guest)

    def enter(self, guest: Guest) -> None:
        """A connection has said what it wants, and takes a place; nothing, if it has one."""
        if self._outside.remove(guest):
            self._inside.add(guest)

    def leave(self, guest: Guest) -> None:
        """A connection is closed."""
        self._inside.remove(guest)
        self._outside.remove(guest)

    def trim(self) -> None:
        """End an overrun as soon as somebody is silent again; to be called every second or so."""
        self._inside.trim(None)


class Chamber(Generic[Guest]):
    """Connections that share a room, by address, so that only the crowded addresses are looked at."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._guests: dict[str, set[Guest]] = {}
        self._loads: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._loads.total()

    def __iter__(self) -> Iterator[Guest]:
        return chain.from_iterable(self._guests.values())

    def add(self, guest: Guest) -> None:
        """A newcomer, for whom others may have to make room."""
        self._guests.setdefault(guest.address, set()).add(guest)
        self._loads[guest.address] += 1
        self.trim(guest)

    def remove(self, guest: Guest) -> bool:
        """Forget one; whether it was here."""
        guests = self._guests.get(guest.address, set())
        if guest not in guests:
            return False
        guests.remove(guest)
        self._loads[guest.address] -= 1
        if not guests:
            del self._guests[guest.address], self._loads[guest.address]
        return True

    def trim(self, newcomer: Guest | None) -> None:
        """Let connections make room until it suffices, or until only busy ones would have to go."""
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
            "was silent for longest: it makes room for a newcomer; connect again when there is something to send"
        )
