"""Who may stay connected when a door is crowded: a pure policy, and the table of connections that it rules.

While there is room, nobody is sent away, however long it is silent. When there is none, a newcomer still gets in: the
address with the most connections gives one up, the one that has been silent for longest. docs/adr/0019 says why.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    """One open connection, as the policy sees it."""

    address: str
    since: float
    """When it last did something, in seconds of a clock that never goes back; if it is busy, since when it is."""
    busy: bool = False
    """Something of it is under way: a frame, a request, an answer that it waits for."""


def victim(connections: Mapping[Key, Standing], room: Room, newcomer: Key | None = None) -> Key | None:
    """The connection that has to go now; none if there is room, or if the room may be overrun for a while.

    It is one of an address that has more than its share, else of the fullest one. Of several that are equally full,
    the newcomer's own gives way. Among the connections of these addresses, the one that has been silent for longest
    goes; busy ones go last. The newcomer itself never goes.
    """
    loads = Counter(standing.address for standing in connections.values())
    crowded = {address for address, load in loads.items() if load > room.most_of_an_address}
    beyond = max(len(connections) - room.most, *(load - room.most_of_an_address for load in loads.values()), 0)
    if beyond == 0:
        return None
    if not crowded:
        fullest = max(loads.values())
        crowded = {address for address, load in loads.items() if load == fullest}
        own = None if newcomer is None else connections[newcomer].address
        if own in crowded and fullest > 1:
            crowded = {own}
    candidates = [peer for peer, standing in connections.items() if standing.address in crowded and peer != newcomer]
    first = min(candidates, key=lambda peer: (connections[peer].busy, connections[peer].since), default=None)
    if first is None or (connections[first].busy and beyond <= room.overrun):
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
        self._room = room
        self._inside: set[Guest] = set()
        self._outside: set[Guest] = set()

    def __len__(self) -> int:
        return len(self._inside) + len(self._outside)

    def __iter__(self) -> Iterator[Guest]:
        return iter((*self._inside, *self._outside))

    def arrive(self, guest: Guest) -> None:
        """A connection was opened, and has said nothing yet."""
        self._outside.add(guest)
        _trim(self._outside, self._room.anteroom, guest)

    def enter(self, guest: Guest) -> None:
        """A connection has said what it wants, and takes a place."""
        if guest in self._outside:
            self._outside.remove(guest)
            self._inside.add(guest)
            _trim(self._inside, self._room, guest)

    def leave(self, guest: Guest) -> None:
        """A connection is closed."""
        self._inside.discard(guest)
        self._outside.discard(guest)

    def trim(self) -> None:
        """End an overrun as soon as somebody is silent again; to be called every second or so."""
        _trim(self._inside, self._room, None)


def _trim(guests: set[Guest], room: Room, newcomer: Guest | None) -> None:
    while len(guests) > min(room.most, room.most_of_an_address):
        standings = {guest: guest.standing for guest in guests}
        if (first := victim(standings, room, newcomer)) is None:
            return
        guests.remove(first)
        first.make_room(_why(standings, first, room))


def _why(standings: Mapping[Guest, Standing], first: Guest, room: Room) -> str:
    address = standings[first].address
    count = sum(standing.address == address for standing in standings.values())
    return (
        f"{address} has {count} connections, of which this one was silent for longest: it is closed to make room for a "
        f"newcomer, since {room.most} connections are taken in all and {room.most_of_an_address} from one address; "
        "connect again when there is something to send, and close connections that are not used"
    )
