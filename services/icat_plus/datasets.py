"""Datasets in ICAT+'s form, from the documents of search."""

from collections.abc import AsyncIterator
from datetime import tzinfo

from services.icat_plus.answers import Answer, dataset_answer, page_answer
from services.icat_plus.dataset_query import DatasetQuery
from services.icat_plus.neighbours.search import CommittedDocument, SearchService


async def dataset_pages(
    search: SearchService, wanted: DatasetQuery, beamlines: tuple[str, ...] | None, zone: tzinfo
) -> AsyncIterator[list[Answer]]:
    """The datasets that a query finds, each with its page. With `outputs`, also the datasets made from them."""
    if wanted.finds_nothing:
        return
    async for found in search.documents(wanted.params, beamlines):
        answer = _answer(found.document, zone)
        if wanted.params["outputs"]:
            answer["outputDatasets"] = [_answer(output, zone) for output in found.outputs]
        size = wanted.limit or max(found.total, 1)
        yield [answer | {"meta": {"page": page_answer(found.total, wanted.skip, size)}}]


def _answer(document: CommittedDocument, zone: tzinfo) -> Answer:
    return dataset_answer(document.event, document.investigation, zone)
