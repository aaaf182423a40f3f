"""The route class of every service: it refuses unknown input, and answers every fault as a problem (RFC 9457)."""

import difflib
from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute

from shared.foundation.errors import Fault
from shared.foundation.problem import invalid
from shared.foundation.storable import flaw_of
from shared.http.problems import answer_to


class ProblemRoute(APIRoute):
    """A route that refuses input which no handler reads, and answers every fault as a problem.

    An ignored field of the query would look as if it had been applied, so unknown fields are refused.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, wrapped."""
        handle, known = super().get_route_handler(), self._fields()

        async def answering(request: Request) -> Response:
            try:
                _check(request, known)
                return await handle(request)
            except Exception as error:  # noqa: BLE001  `answer_to` decides what it means
                return answer_to(request, error)

        return answering

    def _fields(self) -> list[str]:
        described = (self.openapi_extra or {}).get("parameters", ())
        return sorted({*_declared(self.dependant), *(one["name"] for one in described if one["in"] == "query")})


def _declared(dependant: Dependant) -> Iterator[str]:
    """The query fields that a route accepts, including those of its dependencies."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _declared(each)


def _check(request: Request, known: Collection[str]) -> None:
    """Check for unknown fields of the query, and for texts that cannot be stored.

    Raises:
        Problem: 422, with every such fault.
    """
    unknown = (name for name in request.query_params if name not in known)
    faults = [Fault(field=name, message=_unknown(name, known)) for name in unknown]
    faults += [
        Fault(field=name, message=f"leave out {flaw}")
        for name, value in [*request.query_params.multi_items(), *request.path_params.items()]
        if (flaw := flaw_of(str(value)))
    ]
    if faults:
        raise invalid(faults)


def _unknown(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, 1)
    there_are = f"the fields are {', '.join(known)}" if known else "leave it out, this route has no fields"
    return f"no such field; {f'did you mean {near[0]}?' if near else there_are}"
