"""What is wrong with a question, each with its cure."""

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
        told = invalid(faults)
        super().__init__(told.status, told.detail, told.errors)
        self.faults = faults


def dataset_at(identities: Identities, path: str) -> UUID:
    """The dataset at a path, as people write it.

    Raises:
        PathInvalid: no dataset can have this path.
    """
    return identities.dataset(identities.path(path))


def named_dataset(identities: Identities, path: str) -> UUID:
    """The dataset at the path that a URL names.

    Raises:
        QueryInvalid: no dataset can have this path.
    """
    try:
        return dataset_at(identities, path)
    except PathInvalid as error:
        raise QueryInvalid([Fault("path", str(error))]) from None


@dataclass
class FaultCollector:
    """Reads the fields of a URL. It goes on after a fault, so that all faults are reported at once."""

    faults: list[Fault] = field(default_factory=list)

    def parsed(self, name: str, said: str | None, parse: Callable[[str], T]) -> T | None:
        """What a field says, or nothing if it is not given or at fault."""
        try:
            return parse(said) if said else None
        except (FilterInvalid, TimeInvalid, CursorInvalid, PathInvalid) as error:
            self.faults.append(Fault(name, str(error)))
            return None

    def check(self) -> None:
        """Refuse the question if there are faults.

        Raises:
            QueryInvalid: with all of them.
        """
        if self.faults:
            raise QueryInvalid(self.faults)
