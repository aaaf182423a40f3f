"""What an event adds to the read model, and which of several facts about one thing stands. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.stages.outcomes import Learned

F = TypeVar("F")


@dataclass(frozen=True)
class EventFacts(Learned):
    """What one event adds to the read model. Each fact belongs to the projection that takes facts of its type."""

    facts: tuple[object, ...] = ()


@dataclass(frozen=True)
class Law(Generic[F]):
    """Which facts a projection takes, and which of several about one thing stands.

    `stands` decides between two facts by what they say. The order in which facts arrive and their repetition do not
    matter.
    """

    takes: type[F]
    key: Callable[[F], Any]
    """What a fact is about."""
    stands: Callable[[F, F], F]

    def standing(self, facts: Iterable[F]) -> dict[Any, F]:
        """One fact for each key, in the order of the keys: all replicas lock rows in the same order."""
        known: dict[Any, F] = {}
        for fact in facts:
            key = self.key(fact)
            known[key] = self.stands(known[key], fact) if key in known else fact
        return {key: known[key] for key in sorted(known)}


def first(order: Callable[[F], Any]) -> Callable[[F, F], F]:
    """The fact that is the least by an order stands."""
    return lambda known, fact: min(known, fact, key=order)


def last(order: Callable[[F], Any]) -> Callable[[F, F], F]:
    """The fact that is the greatest by an order stands."""
    return lambda known, fact: max(known, fact, key=order)
