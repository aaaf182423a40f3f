"""Replaces a catalogued dataset: by the same measurement, sent again, or by another one in its folder. Pure."""

from datetime import datetime

from services.catalog_writer.documents import (
    CONTENT_REPLACED,
    INPUT_REPLACED,
    CatalogDocument,
    replaced,
    same_content,
)
from shared.events.identity import sample_key
from shared.events.sections import Finding

OWN = (CONTENT_REPLACED, INPUT_REPLACED)
"""Findings on the history of a dataset. Producers never send them."""


def in_place_of(current: CatalogDocument, revision: int, document: CatalogDocument, now: datetime) -> CatalogDocument:
    """The document that replaces the current one. It is flagged as long as its content comes from a re-collection."""
    document = replaced(current, document)
    if not _is_other(current, document):
        since = current.recollected_at
        flags = [finding for finding in current.findings if finding.code == CONTENT_REPLACED]
    else:
        since, flags = now, [_content_replaced(current, revision)]
    findings = [*document.findings, *flags]
    return document.model_copy(update={"made_at": now, "recollected_at": since, "findings": findings})


def says_the_same(current: CatalogDocument, document: CatalogDocument) -> bool:
    """Whether the document that would replace the current one has the same content.

    A result that was flagged because its input was re-collected does not get the new sample of its input when it is
    sent again.
    """
    if any(finding.code == INPUT_REPLACED for finding in current.findings) and _inherits(current, document):
        document = document.model_copy(update={"sample": current.sample})
    return same_content(current, document, OWN)


def _inherits(*documents: CatalogDocument) -> bool:
    return all(each.sample is not None and each.sample.inherited for each in documents)


def _is_other(current: CatalogDocument, document: CatalogDocument) -> bool:
    """Whether it is another measurement: it starts at another time, or both name a sample and these differ."""
    samples = [sample_key(each.sample.name) for each in (current, document) if each.sample is not None]
    return current.start != document.start or len(set(samples)) > 1


def _content_replaced(current: CatalogDocument, revision: int) -> Finding:
    sample = f"of sample {current.sample.name}, " if current.sample else ""
    message = (
        f"this folder held other data before: {sample}started {current.start.isoformat()}, catalogued as revision"
        f" {revision}"
    )
    cure = "nothing to do if the old data were meant to be replaced; else submit the new data in another folder"
    return Finding.warning(CONTENT_REPLACED, message, cure, value=f"revision {revision}")
