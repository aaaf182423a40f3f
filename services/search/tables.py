"""All tables of the schema `search`. Each of them can be rebuilt from the topics."""

from sqlalchemy import Column, Table, Uuid

from services.search.index.tables import (
    DATASET_WORDS,
    NUMBER_BLOCK,
    NUMBER_SEGMENT,
    PARAMETER,
    TEXT_BLOCK,
    TEXT_SEGMENT,
    VOID,
)
from services.search.projections.activity.table import HAPPENING
from services.search.projections.datasets.table import CONTEXT, DATASET, FINDING_SET, LINK
from services.search.projections.investigations.table import INVESTIGATION
from services.search.projections.positions.table import POSITION
from services.search.projections.receipts.table import RECEIPT
from services.search.projections.rejections.table import REJECTION
from services.search.projections.revisions.table import REVISION
from services.search.projections.samples.table import SAMPLE
from services.search.projections.schema import METADATA
from services.search.projections.shipments.table import DECLARATION, PARCEL_STATUS, PLACE

GENERATION = Table(
    "generation",
    METADATA,
    Column("generation", Uuid, primary_key=True, comment="another one after a swap: what is cached of it is void"),
)

TABLES = (
    *(DATASET, CONTEXT, FINDING_SET, LINK, REVISION, RECEIPT, REJECTION, HAPPENING, POSITION, GENERATION),
    *(VOID, DATASET_WORDS, PARAMETER, NUMBER_BLOCK, TEXT_BLOCK, NUMBER_SEGMENT, TEXT_SEGMENT),
    *(INVESTIGATION, SAMPLE, DECLARATION, PLACE, PARCEL_STATUS),
)
