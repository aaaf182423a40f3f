"""Facts that events add to the read model, and laws that decide between facts about the same thing. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.stages.outcomes import Learned

F = TypeVar("F")


@dataclass(frozen=True)
class EventFacts(Learned):
    """The facts that one event adds to the read model. Each goes to the projection that takes facts of its type."""

    facts: tuple[object, ...] = ()


@dataclass(frozen=True)
class Law(Generic[F]):
    """The law of a projection: the type of facts that it takes, and which of several facts with the same key stands.

    `stands` decides between two facts by their content. Neither the order in which facts arrive nor their repetition
    matters.
    """

    takes: type[F]
    key: Callable[[F], Any]
    """The thing that a fact is about."""
    stands: Callable[[F, F], F]

    def standing(self, facts: Iterable[F]) -> dict[Any, F]:
        """The facts that stand, in the order of their keys, so that all replicas lock rows in the same order."""
        known: dict[Any, F] = {}
        for fact in facts:
            key = self.key(fact)
            known[key] = self.stands(known[key], fact) if key in known else fact
        return {key: known[key] for key in sorted(known, key=_place)}


def _place(key: Any) -> Any:  # noqa: ANN401  # a key of any law
    """The place of a key in the order. It is that of the key itself, but two numbers are compared sooner than ids."""
    if isinstance(key, UUID):
        return key.int
    return tuple(map(_place, key)) if isinstance(key, tuple) else key


def first(order: Callable[[F], Any]) -> Callable[[F, F], F]:
    """A rule by which the least fact in an order stands."""
    return lambda known, fact: min(known, fact, key=order)


def last(order: Callable[[F], Any]) -> Callable[[F, F], F]:
    """A rule by which the greatest fact in an order stands."""
    return lambda known, fact: max(known, fact, key=order)
