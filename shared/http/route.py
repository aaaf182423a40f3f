"""The route of every service: it takes what can be understood, and answers every fault in the words of RFC 9457."""

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
    """A route that refuses what no handler can heed, and tells every fault as a problem.

    An answer that does not heed a field of the query would be taken for one that does, so an unknown one is refused.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, wrapped."""
        handle, known = super().get_route_handler(), self._fields()

        async def answering(request: Request) -> Response:
            try:
                _check(request, known)
                return await handle(request)
            except Exception as error:  # noqa: BLE001  what it means is decided in one place
                return answer_to(request, error)

        return answering

    def _fields(self) -> list[str]:
        described = (self.openapi_extra or {}).get("parameters", ())
        return sorted({*_declared(self.dependant), *(one["name"] for one in described if one["in"] == "query")})


def _declared(dependant: Dependant) -> Iterator[str]:
    """The fields of the query that a route takes, itself and by what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _declared(each)


def _check(request: Request, known: Collection[str]) -> None:
    """Look at what no route can heed: unknown fields of the query, and texts that cannot be stored.

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
    there_are = f"there are {', '.join(known)}" if known else "leave it out, there is none here"
    return f"no such field; {f'did you mean {near[0]}?' if near else there_are}"
