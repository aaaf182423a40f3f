"""A committed result of macromolecular crystallography, with all that it was made from, as PDBx/mmCIF."""

import asyncio
from typing import Protocol
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response

from shared.events import DatasetCommitted, Document
from shared.mmcif import is_exportable, items_of, mmcif_text
from shared.vocabulary import Vocabulary

MOST_ANCESTORS = 2000
MEDIA_TYPE = "chemical/x-mmcif"


class Events(Protocol):
    """What the walk asks."""

    async def event(self, dataset_id: UUID) -> bytes | None:
        """The committed event of a dataset's current revision."""


def add_cif(router: APIRouter, events: Events, vocabulary: Vocabulary) -> None:
    """Add the route, driven by the vocabulary.

    It must stand before that of the dataset itself, whose id would else end in `.cif`.
    """
    items = items_of(vocabulary)

    @router.get("/datasets/{dataset_id}.cif", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def show_cif(dataset_id: UUID) -> Response:
        """A result of macromolecular crystallography with its lineage, as PDBx/mmCIF."""
        dataset = await _document(events, dataset_id)
        if dataset is None:
            raise HTTPException(404, "no such dataset is catalogued yet; its receipt says how far it has come")
        if not is_exportable(dataset):
            raise HTTPException(
                406,
                f"PDBx/mmCIF is of processed MX datasets, and this is {dataset.kind}; export what was made of it",
            )
        lineage = [dataset, *await ancestors(events, dataset)]
        # in a thread, as a long lineage takes its time
        text = await asyncio.to_thread(mmcif_text, lineage, items)
        return Response(text, media_type=MEDIA_TYPE)


async def ancestors(events: Events, dataset: Document) -> list[Document]:
    """All that a dataset was made from, the nearest first, each once; at most so many that an answer stays bounded."""
    found: dict[UUID, Document] = {dataset.dataset_id: dataset}
    unread = [ref.dataset_id for ref in dataset.inputs]
    for dataset_id in unread:
        if dataset_id in found or len(found) > MOST_ANCESTORS:
            continue
        if (document := await _document(events, dataset_id)) is not None:
            found[dataset_id] = document
            unread += [ref.dataset_id for ref in document.inputs]
    return list(found.values())[1:]


async def _document(events: Events, dataset_id: UUID) -> Document | None:
    event = await events.event(dataset_id)
    return DatasetCommitted.model_validate_json(event).document if event else None
