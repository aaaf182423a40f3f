"""Faults of a query, each with the field that it concerns and how to correct it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from services.search.cursors import CursorInvalid
from services.search.query.grammar import FilterInvalid
from shared.events.identity import Identities, PathInvalid
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid
from shared.foundation.times import TimeInvalid

T = TypeVar("T")


class QueryInvalid(Problem):
    """The query cannot be answered as it stands."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        problem = invalid(faults)
        super().__init__(problem.status, problem.detail, problem.errors)
        self.faults = faults


def dataset_at(identities: Identities, path: str) -> UUID:
    """The id of the dataset at a path, in any spelling.

    Raises:
        PathInvalid: no dataset can have this path.
    """
    return identities.dataset(identities.path(path))


def named_dataset(identities: Identities, path: str) -> UUID:
    """The id of the dataset at the path in a URL.

    Raises:
        QueryInvalid: no dataset can have this path.
    """
    try:
        return dataset_at(identities, path)
    except PathInvalid as error:
        raise QueryInvalid([Fault("path", str(error))]) from None


@dataclass
class FaultCollector:
    """A reader of the fields of a URL. It continues after a fault, so that all faults are reported at once."""

    faults: list[Fault] = field(default_factory=list)

    def parsed(self, name: str, text: str | None, parse: Callable[[str], T]) -> T | None:
        """The parsed value of a field; nothing if the field is missing or at fault."""
        try:
            return parse(text) if text else None
        except (FilterInvalid, TimeInvalid, CursorInvalid, PathInvalid) as error:
            self.faults.append(Fault(name, str(error)))
            return None

    def check(self) -> None:
        """Refuse the query if there are faults.

        Raises:
            QueryInvalid: with all of them.
        """
        if self.faults:
            raise QueryInvalid(self.faults)
