"""Who goes when a newcomer comes: fair between addresses, whatever comes in whatever order."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.admission import Admission, ConnectionState, Room, address_of, crowded, first_to_go

ADDRESSES = [f"10.0.0.{number}" for number in range(1, 7)]

standings = st.builds(ConnectionState, st.floats(0, 1000), st.booleans())
crowds = st.lists(st.tuples(st.sampled_from(ADDRESSES), standings), min_size=1, max_size=30)
rooms = st.builds(Room, st.integers(1, 20), st.integers(1, 20), st.integers(0, 3))
Crowd = list[tuple[str, ConnectionState]]
"""Connections as they came; the last is the newcomer."""


def loads_of(crowd: Crowd) -> Counter[str]:
    return Counter(address for address, _ in crowd)


def victim(crowd: Crowd, room: Room) -> int | None:
    """Which of the connections goes for the last one."""
    own = crowd[-1][0]
    addresses, beyond = crowded(loads_of(crowd), room, own)
    candidates = {n: standing for n, (address, standing) in enumerate(crowd[:-1]) if address in addresses}
    return first_to_go(candidates, beyond, room)


@given(crowds, rooms)
def test_nobody_goes_while_there_is_room(crowd: Crowd, room: Room) -> None:
    if len(crowd) <= room.most and max(loads_of(crowd).values()) <= room.most_of_an_address:
        assert victim(crowd, room) is None


@given(crowds, rooms)
def test_beyond_the_overrun_somebody_always_goes(crowd: Crowd, room: Room) -> None:
    if len(crowd) > room.most + room.overrun:
        assert victim(crowd, room) is not None


@given(crowds, rooms)
def test_the_longest_silent_one_of_a_fullest_address_goes(crowd: Crowd, room: Room) -> None:
    if (first := victim(crowd, room)) is None:
        return
    loads, (address, gone) = loads_of(crowd), crowd[first]
    if max(loads.values()) <= room.most_of_an_address:
        assert loads[address] == max(loads.values())
    else:
        assert loads[address] > room.most_of_an_address
    neighbours = [each for other, each in crowd[:-1] if other == address]
    assert (gone.busy, gone.since) == min((each.busy, each.since) for each in neighbours)


@given(crowds, rooms)
def test_an_address_takes_no_place_of_one_that_has_no_more_than_itself(crowd: Crowd, room: Room) -> None:
    if (first := victim(crowd, room)) is None:
        return
    own, loads, address = crowd[-1][0], loads_of(crowd), crowd[first][0]
    if address != own and loads[address] <= room.most_of_an_address:
        assert loads[address] > loads[own] or loads[own] == 1


@given(crowds, rooms)
def test_the_busy_go_only_when_they_overrun_the_room(crowd: Crowd, room: Room) -> None:
    first = victim(crowd, room)
    if first is not None and crowd[first][1].busy:
        beyond = max(len(crowd) - room.most, max(loads_of(crowd).values()) - room.most_of_an_address)
        assert beyond > room.overrun


@dataclass(eq=False)
class Guest:
    """A connection that does what it is told."""

    address: str
    standing: ConnectionState
    told: str | None = None

    def make_room(self, why: str) -> None:
        self.told = why


arrivals = st.lists(st.tuples(st.sampled_from(ADDRESSES[1:]), st.booleans()), max_size=60)


@given(arrivals, st.integers(1, 3))
def test_whoever_keeps_to_its_share_loses_nothing_to_any_flood(flood: list[tuple[str, bool]], share: int) -> None:
    most = share * len(ADDRESSES)
    table: Admission[Guest] = Admission(Room.of(most, most))
    mine = [Guest(ADDRESSES[0], ConnectionState(float(number))) for number in range(share)]
    for guest in mine:
        table.arrive(guest)
        table.enter(guest)
    for number, (address, says_something) in enumerate(flood):
        stranger = Guest(address, ConnectionState(1000.0 + number))
        table.arrive(stranger)
        if says_something:
            table.enter(stranger)
        assert stranger.told is None, "a newcomer gets in"
    assert [guest.told for guest in mine] == [None] * share
    assert len(table) <= most + Room.of(most, most).anteroom.most


def silent(table: Admission[Guest], address: str, count: int, since: float = 0.0) -> list[Guest]:
    guests = [Guest(address, ConnectionState(since + number)) for number in range(count)]
    for guest in guests:
        table.arrive(guest)
        table.enter(guest)
    return guests


def test_the_newest_of_a_flood_push_out_the_flood_and_not_the_long_silent_ones_of_a_small_address() -> None:
    table: Admission[Guest] = Admission(Room.of(10, 10))
    [real] = silent(table, "192.0.2.1", 1, since=-86_400.0)
    flood = silent(table, "192.0.2.66", 50)
    newcomer = silent(table, "192.0.2.2", 1)
    assert [guest.told for guest in (real, *newcomer)] == [None, None]
    assert sum(guest.told is None for guest in flood) == 8
    assert "192.0.2.66 has" in str(flood[0].told)


def test_those_that_only_knock_take_no_place_from_those_that_work() -> None:
    table: Admission[Guest] = Admission(Room.of(8, 8))
    working = silent(table, "192.0.2.1", 8)
    knocking = [Guest("192.0.2.1", ConnectionState(100.0 + number)) for number in range(20)]
    for guest in knocking:
        table.arrive(guest)
    assert [guest.told for guest in working] == [None] * 8
    assert [guest.told is None for guest in knocking] == [False] * 16 + [True] * 4


def test_an_overrun_of_busy_connections_ends_when_one_of_them_is_silent() -> None:
    table: Admission[Guest] = Admission(Room(2, 2, overrun=1))
    guests = [Guest("192.0.2.1", ConnectionState(float(number), busy=True)) for number in range(3)]
    for guest in guests:
        table.arrive(guest)
        table.enter(guest)
    assert [guest.told for guest in guests] == [None] * 3
    guests[1].standing = ConnectionState(5.0)
    table.trim()
    assert [guest.told is None for guest in guests] == [True, False, True]


def test_one_that_has_left_takes_no_place() -> None:
    table: Admission[Guest] = Admission(Room.of(1, 1))
    [first] = silent(table, "192.0.2.1", 1)
    table.leave(first)
    silent(table, "192.0.2.2", 1)
    assert (first.told, len(table)) == (None, 1)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_network_of_ipv6_is_one_address(host: str, address: str) -> None:
    assert address_of(host) == address
