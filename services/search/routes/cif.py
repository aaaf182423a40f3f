"""A committed result of macromolecular crystallography, with all that it was made from, as PDBx/mmCIF."""

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
"""Of the committed events of a lineage that are read for one file."""
MEDIA_TYPE = "chemical/x-mmcif"


class Documents(Protocol):
    """What the walk asks."""

    async def documents(self, ids: Collection[UUID]) -> dict[UUID, bytes]:
        """The committed events of datasets as they are now, by dataset."""


def add_cif(router: APIRouter, events: Documents, vocabulary: Vocabulary) -> None:
    """Add the route, driven by the vocabulary.

    It must stand before that of the dataset itself, whose id would else end in `.cif`.
    """
    items = items_of(vocabulary)

    @router.get("/datasets/{dataset_id}.cif", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def show_cif(dataset_id: UUID) -> Response:
        """A result of macromolecular crystallography with its lineage, as PDBx/mmCIF.

        Of a long lineage the nearest datasets are described, and the file says so.
        """
        found = await _documents(events, [dataset_id])
        if not found:
            raise HTTPException(404, "no such dataset is catalogued yet; its receipt says how far it has come")
        [dataset] = found
        if not is_exportable(dataset):
            raise HTTPException(
                406,
                f"PDBx/mmCIF is of processed MX datasets, and this is {dataset.kind}; export what was made of it",
            )
        lineage = [dataset, *await ancestors(events, dataset)]
        # in a thread, as a long lineage takes its time
        text = await asyncio.to_thread(mmcif_text, lineage, items)
        return Response(text, media_type=MEDIA_TYPE)


async def ancestors(events: Documents, dataset: Document) -> list[Document]:
    """All that a dataset was made from, the nearest first, each once; at most so many that an answer stays bounded."""
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
    """Those that are catalogued, in the order asked."""
    known = await events.documents(ids) if ids else {}
    read = (DatasetCommitted.model_validate_json(known[one]).document for one in ids if one in known)
    return [document for document in read if document is not None]
