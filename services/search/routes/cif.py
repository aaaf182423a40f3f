"""The export of a processed MX dataset and its lineage as PDBx/mmCIF."""

import asyncio
from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from pydantic_core import to_json

from shared.events.dataset import DatasetCommitted, Document
from shared.vocabulary.mmcif import is_exportable, items_of, mmcif_text
from shared.vocabulary.vocabulary import Vocabulary

MOST_ANCESTORS = 2000
MOST_BYTES = 32 * 1024 * 1024
"""The most bytes of committed events that are read for one file."""
MEDIA_TYPE = "chemical/x-mmcif"


class Documents(Protocol):
    """The source of committed documents."""

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        """The committed events of the current revisions of datasets, by dataset."""


def add_cif(router: APIRouter, events: Documents, vocabulary: Vocabulary) -> None:
    """Add the route, driven by the vocabulary.

    It must be added before the route of the dataset itself, whose id would otherwise end in `.cif`.
    """
    items = items_of(vocabulary)

    @router.get("/datasets/{dataset_id}.cif", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def show_cif(dataset_id: UUID) -> Response:
        """A result of macromolecular crystallography with its lineage, as PDBx/mmCIF.

        Of a long lineage the nearest datasets are described, and the file says so.
        """
        found = await _documents(events, [dataset_id])
        if not found:
            raise HTTPException(404, "no such dataset is catalogued yet; its receipt shows its progress")
        [dataset] = found
        if not is_exportable(dataset):
            raise HTTPException(
                406,
                f"only processed MX datasets can be exported as PDBx/mmCIF, and this is {dataset.kind};"
                " export a dataset that was made from it",
            )
        lineage = [dataset, *await ancestors(events, dataset)]
        # in a thread, because a long lineage takes long
        text = await asyncio.to_thread(mmcif_text, lineage, items)
        return Response(text, media_type=MEDIA_TYPE)


async def ancestors(events: Documents, dataset: Document) -> list[Document]:
    """The ancestors of a dataset, the nearest first, each once. There are at most `MOST_ANCESTORS`."""
    found: dict[UUID, Document] = {}
    asked = {dataset.dataset_id}
    level = [dataset]
    room = MOST_BYTES
    while level and len(found) < MOST_ANCESTORS and room > 0:
        inputs = dict.fromkeys(ref.dataset_id for child in level for ref in child.inputs if ref.dataset_id not in asked)
        wanted = list(inputs)[: MOST_ANCESTORS - len(found)]
        asked.update(wanted)
        level = await _documents(events, wanted)
        room -= sum(len(to_json(document)) for document in level)
        found.update((document.dataset_id, document) for document in level)
    return list(found.values())


async def _documents(events: Documents, ids: Collection[UUID]) -> list[Document]:
    """The documents of those that are catalogued, in the given order."""
    known = await events.documents(ids) if ids else {}
    read = (DatasetCommitted.model_validate_json(known[one]).document for one in ids if one in known)
    return [document for document in read if document is not None]
