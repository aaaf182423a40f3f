"""The routes of receipts, which show the progress of submissions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid, named_dataset
from services.search.query.lineage import MOST_LINKS
from services.search.query.query import MOST_ROWS
from services.search.query.receipts import choose, newest_first
from services.search.routes.answers import chosen_answer, receipt_answer
from services.search.settings import SearchSettings
from shared.access.tokens import TokenRefused, Tokens
from shared.foundation.errors import Fault
from shared.host.service import Resources
from shared.http.answers import json_response
from shared.postgres.statement import Row

FEW_RECEIPTS = 50
"""The receipts of one dataset on a page by default."""
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Skip = Annotated[int, Query(ge=0, le=MOST_LINKS, description="what earlier pages have shown")]


def add_receipts(router: APIRouter, reader: CatalogueReader, resources: Resources[SearchSettings]) -> None:
    """The routes under `/receipts`."""
    tokens = Tokens(resources.settings.access.tokens_file)

    async def of_ids(ids: Sequence[str], skip: int, limit: int | None, request: Request) -> Row:
        now = resources.clock()
        caller = _caller(request, tokens, now)
        found = await reader.submissions(ids[skip:][:limit], caller)
        choices = {receipt_id: choose(rows, caller=caller) for receipt_id, rows in found.items()}
        following = skip + len(found)
        return {
            "receipts": [chosen_answer(choice, now) for choice in choices.values() if choice],
            "unknown": [receipt_id for receipt_id, choice in choices.items() if not choice],
            "next": following if following < len(ids) else None,
        }

    @router.get("/receipts")
    async def list_receipts(
        request: Request,
        path: str | None = None,
        dataset_id: UUID | None = None,
        ids: Annotated[str | None, Query(description=f"receipt ids, at most {MOST_ROWS}, separated by commas")] = None,
        limit: Limit | None = None,
        skip: Skip = 0,
    ) -> Response:
        """The submissions of one dataset, newest first, or of several receipts; `next` is the `skip` of the next page.

        With `ids`, each is answered as by `/receipts/{receipt_id}`, in their order, and `unknown` lists those that were
        not heard of yet.
        """
        if sum(given is not None for given in (path, dataset_id, ids)) != 1:
            raise QueryInvalid([Fault("path", "give either path or dataset_id or ids")])
        if ids is not None:
            return json_response(await of_ids(_receipt_ids(ids), skip, limit, request))
        subject = dataset_id or named_dataset(resources.identities, path or "")
        rows, has_more = await reader.receipts(subject, limit or FEW_RECEIPTS, skip)
        answers = [receipt_answer(row, resources.clock()) for row in newest_first(rows)]
        return json_response({"receipts": answers, "next": skip + len(rows) if has_more else None})

    @router.get("/receipts/{receipt_id}")
    async def show_receipt(
        request: Request,
        receipt_id: str,
        source: str | None = None,
        path: str | None = None,
        dataset_id: UUID | None = None,
    ) -> Response:
        """How far a submission has come: in_flight, pending, committed, unchanged or rejected.

        Where several were made under one id, `source` and `path` or `dataset_id` say which is meant. Otherwise it is
        the one whose token the request bears, else the one that was heard of first; `others` lists the rest.
        """
        subject = dataset_id or (None if path is None else named_dataset(resources.identities, path))
        now = resources.clock()
        caller = _caller(request, tokens, now)
        found = await reader.submissions([receipt_id], source or caller, subject)
        choice = choose(found[receipt_id], source, caller)
        if choice is None:
            raise HTTPException(404, "no such receipt; a receipt is known within a second after it was issued")
        return json_response(chosen_answer(choice, now))


def _receipt_ids(text: str) -> list[str]:
    """The ids in a text, each once, in their order.

    Raises:
        QueryInvalid: there is none, or there are too many.
    """
    ids = list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    if not ids or len(ids) > MOST_ROWS:
        raise QueryInvalid([Fault("ids", f"has {len(ids)} receipt ids; give 1 to {MOST_ROWS}, separated by commas")])
    return ids


def _caller(request: Request, tokens: Tokens, now: datetime) -> str | None:
    """The source of the request's token, if it has one. Reading needs no token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return tokens.grant_of(token.strip(), now).source
    except TokenRefused:
        return None
