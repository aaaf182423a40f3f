"""Writes a processed dataset with its lineage as PDBx/mmCIF, with the items that the vocabulary names. Pure.

Values without a PDBx item are written to beamcat's own categories: `_beamcat_dataset` (the dataset first, then those
from which it was made), `_beamcat_link` (which was made from which), `_beamcat_parameter`, and `_beamcat_file` for the
dataset only. So no parameter is lost, and `beamcat submit --from` reads the same parameters back. Of a long lineage,
only the nearest datasets are described; all its inputs are named, and `_beamcat_lineage` says what is missing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from shared.events.dataset import Document, LinkedInput, Parameter
from shared.vocabulary.space_groups import pdbx_name
from shared.vocabulary.vocabulary import Term, Vocabulary

if TYPE_CHECKING:
    from gemmi import cif

DATASET, LINK, PARAMETER, FILE = "_beamcat_dataset.", "_beamcat_link.", "_beamcat_parameter.", "_beamcat_file."
LINEAGE = "_beamcat_lineage."
OF_RESULT = ("_cell.", "_symmetry.", "_reflns.", "_reflns_shell.", "_software.")
"""Categories of the result itself. The others describe the sweeps from which it was made."""
OF_SWEEP = {
    "_diffrn.": ("id", "crystal_id"),
    "_diffrn_detector.": ("diffrn_id",),
    "_diffrn_measurement.": ("diffrn_id",),
    "_diffrn_radiation.": ("diffrn_id", "wavelength_id"),
    "_diffrn_radiation_wavelength.": ("id",),
    "_diffrn_source.": ("diffrn_id",),
}
"""Categories with one row for each sweep, and the items that connect them, which all are the number of the sweep."""
SHELL = re.compile(r"_(overall|inner|outer)_")
SHELLS = ("inner", "outer")
"""The rows of `_reflns_shell`, in this order."""
UNKNOWN = "?"

SPACE_GROUP = "_symmetry.space_group_name_H-M"

Value = float | str | bool | list[float] | list[str]
Row = dict[str, str | None]
"""The items of one row, without their category. None is unknown."""


@dataclass(frozen=True)
class Items:
    """The vocabulary by items of mmCIF."""

    terms: Mapping[str, Term]
    """The terms with an item in beamcat's files, by parameter."""
    by_item: dict[str, dict[str | None, Term]] = field(default_factory=dict)
    """The terms by item and, for the statistics of a shell, by shell."""

    def written(self, parameters: Mapping[str, Parameter], category: str, shell: str | None = None) -> Row:
        """The items of a category with their values. If two parameters have the same item, the first counts."""
        row: Row = {}
        for name, parameter in parameters.items():
            term = self.terms.get(name)
            if term and term.mmcif and term.mmcif.startswith(category) and (not shell or shell_of(name) == shell):
                value = _text(parameter.get("value"), term.mmcif_factor)
                if value is not None:
                    row.setdefault(term.mmcif.removeprefix(category), value)
        return row


def items_of(vocabulary: Vocabulary) -> Items:
    """All items of the written categories, except for identifiers, which connect rows."""
    ties = {f"{category}{key}" for category, keys in OF_SWEEP.items() for key in keys}
    terms = {
        term.name: term
        for term in vocabulary.terms.values()
        if term.mmcif and term.mmcif.startswith((*OF_RESULT, *OF_SWEEP)) and term.mmcif not in ties
    }
    items = Items(terms)
    for term in terms.values():
        shell = shell_of(term.name) if str(term.mmcif).startswith("_reflns_shell.") else None
        items.by_item.setdefault(str(term.mmcif), {}).setdefault(shell, term)
    return items


def shell_of(parameter: str) -> str | None:
    """The shell of which a parameter is a statistic."""
    found = SHELL.search(parameter)
    return found[1] if found else None


def is_exportable(document: Document) -> bool:
    """Whether it is a result of macromolecular crystallography."""
    return document.technique == "MX" and document.type == "processed"


def mmcif_text(lineage: Sequence[Document], items: Items) -> str:
    """The file of the first dataset, with the datasets from which it was made."""
    from gemmi import cif  # late: a service must not wait for it when it starts

    dataset, *ancestors = lineage
    sweeps = [document for document in ancestors if document.type == "raw" and document.technique == "MX"]
    block_name = re.sub(r"[^\w.-]", "_", dataset.name, flags=re.ASCII) or "dataset"
    document = cif.Document()
    block = document.add_new_block(block_name)
    writer = _Writer(block)
    writer.pairs("_entry.", {"id": block_name})
    for category in ("_cell.", "_symmetry."):
        said = items.written(dataset.parameters, category)
        writer.pairs(category, {"entry_id": block_name}, {item: _spelt(category + item, said[item]) for item in said})
    writer.pairs("_exptl.", {"entry_id": block_name, "method": "X-RAY DIFFRACTION"})
    _write_sweeps(writer, dataset, sweeps, items)
    _write_statistics(writer, dataset, len(sweeps) or 1, items, block_name)
    writer.rows("_software.", list(_software(lineage, items)))
    related = [*map(_related, ancestors), *(_related_input(each) for each in _undescribed(lineage))]
    writer.rows(
        "_pdbx_related_exp_data_set.", [{"ordinal": str(number), **one} for number, one in enumerate(related, 1)]
    )
    _write_own(writer, lineage, sweeps, items)
    return str(document.as_string(cif.WriteOptions(cif.Style.Aligned)))


class _Writer:
    """Writes categories into a block, with the necessary quotes."""

    def __init__(self, block: "cif.Block") -> None:
        from gemmi import cif

        self._block = block
        self._quote = cif.quote

    def pairs(self, category: str, ties: Row, said: Row | None = None) -> None:
        """Write a category of one row, unless it has only identifiers."""
        if said is None or said:
            for item, value in {**ties, **(said or {})}.items():
                self._block.set_pair(f"{category}{item}", self._written(value))

    def rows(self, category: str, rows: Sequence[Row]) -> None:
        """Write a category of many rows. Missing values are unknown."""
        columns = list(dict.fromkeys(item for row in rows for item in row))
        if columns:
            loop = self._block.init_loop(category, columns)
            for row in rows:
                loop.add_row([self._written(row.get(item)) for item in columns])

    def _written(self, value: str | None) -> str:
        # CIF cannot hold a line that begins with a semicolon: it ends the text
        return UNKNOWN if value is None else str(self._quote(value.replace("\n;", "\n ;")))


def _write_sweeps(writer: _Writer, dataset: Document, sweeps: Sequence[Document], items: Items) -> None:
    sample = dataset.sample.name if dataset.sample else ""
    crystal = re.sub(r"[^\w.-]", "_", sample, flags=re.ASCII) or "1"
    writer.pairs("_exptl_crystal.", {"id": crystal, "description": sample or None})
    for category, ties in OF_SWEEP.items():
        rows: list[Row] = []
        for number, sweep in enumerate(sweeps or [dataset], 1):
            said = items.written({**sweep.parameters, **_unsaid(dataset, sweep)}, category) | _facts(sweep, category)
            tied: Row = {tie: crystal if tie == "crystal_id" else str(number) for tie in ties}
            rows.append(tied | said)
        if category in {"_diffrn.", "_diffrn_radiation."} or any(len(row) > len(ties) for row in rows):
            writer.rows(category, rows)


def _unsaid(dataset: Document, sweep: Document) -> dict[str, Parameter]:
    """Parameters of the sweeps that only the result has, such as the wavelength."""
    return {name: value for name, value in dataset.parameters.items() if name not in sweep.parameters}


def _facts(sweep: Document, category: str) -> Row:
    """The facts of a sweep other than its parameters."""
    facts: dict[str, Row] = {
        "_diffrn_radiation.": {"pdbx_scattering_type": "x-ray"},
        "_diffrn_source.": {"source": "SYNCHROTRON", "pdbx_synchrotron_beamline": sweep.beamline},
        "_diffrn_detector.": {"pdbx_collection_date": sweep.start.date().isoformat()},
    }
    return facts.get(category, {})


def _write_statistics(writer: _Writer, dataset: Document, sweeps: int, items: Items, entry: str) -> None:
    of = ",".join(str(number) for number in range(1, sweeps + 1))
    overall = items.written(dataset.parameters, "_reflns.")
    shells = [items.written(dataset.parameters, "_reflns_shell.", shell) for shell in SHELLS]
    if overall or any(shells):
        writer.pairs("_reflns.", {"entry_id": entry, "pdbx_diffrn_id": of, "pdbx_ordinal": "1"}, overall or None)
    if any(shells):
        ties: list[Row] = [{"pdbx_diffrn_id": of, "pdbx_ordinal": str(number)} for number in (1, 2)]
        writer.rows("_reflns_shell.", [tie | shell for tie, shell in zip(ties, shells, strict=True)])


def _software(lineage: Sequence[Document], items: Items) -> Iterator[Row]:
    for number, document in enumerate(lineage, 1):
        if said := items.written(document.parameters, "_software."):
            purpose = "data collection" if document.type == "raw" else "data reduction"
            yield {"pdbx_ordinal": str(number), "classification": purpose, **said}


def _undescribed(lineage: Sequence[Document]) -> list[LinkedInput]:
    """The inputs of the dataset that are not described, because there are too many."""
    described = {document.dataset_id for document in lineage}
    return [each for each in lineage[0].inputs if each.dataset_id not in described]


def _related(document: Document) -> Row:
    """The row of an input. PDBx wants a DOI, which only published datasets have; others get path and id."""
    return {
        "data_reference": None,
        "data_set_type": "diffraction image data" if document.type == "raw" else "other data",
        "details": f"{document.path} (beamcat dataset {document.dataset_id}, {document.kind})",
    }


def _related_input(declared: LinkedInput) -> Row:
    details = f"{declared.path} (beamcat dataset {declared.dataset_id}, {declared.kind})"
    return {"data_reference": None, "data_set_type": None, "details": details}


def _write_own(writer: _Writer, lineage: Sequence[Document], sweeps: Sequence[Document], items: Items) -> None:
    described = {document.dataset_id for document in lineage}
    inputs = {parent.dataset_id for child in lineage for parent in child.inputs}
    if missing := len(inputs - described):
        told = f"the nearest {len(lineage)} datasets are described; of what they were made from, {missing} are not"
        writer.pairs(LINEAGE, {"is_complete": "no", "described": str(len(lineage)), "details": told})
    writer.rows(DATASET, [_dataset(document) for document in lineage])
    links: list[Row] = [
        {"child_id": str(child.dataset_id), "parent_id": str(parent.dataset_id), "parent_path": parent.path}
        for child in lineage
        for parent in child.inputs
        if child is lineage[0] or parent.dataset_id in described
    ]
    writer.rows(LINK, links)
    writer.rows(FILE, [{"path": file.path} for file in lineage[0].files])
    in_items = {sweep.dataset_id for sweep in sweeps}
    writer.rows(PARAMETER, [row for one in lineage for row in _parameters(one, lineage[0].dataset_id, in_items, items)])


def _dataset(document: Document) -> Row:
    return {
        "id": str(document.dataset_id),
        "path": document.path,
        "name": document.name,
        "type": document.type,
        "kind": document.kind,
        "technique": document.technique,
        "proposal": document.investigation.proposal_name or document.proposal,
        "beamline": document.beamline,
        "sample": document.sample.name if document.sample else None,
        "start": document.start.isoformat(),
        "end": document.end.isoformat() if document.end else None,
    }


def _parameters(document: Document, dataset_id: UUID, sweeps: set[UUID], items: Items) -> Iterator[Row]:
    """The parameters without an item above. One without a canonical value is written as it was sent."""
    if document.dataset_id == dataset_id:
        categories: tuple[str, ...] = OF_RESULT
    else:
        categories = (*OF_SWEEP, "_software.") if document.dataset_id in sweeps else ("_software.",)
    told: set[str] = set()
    for name, parameter in document.parameters.items():
        term = items.terms.get(name)
        item = str(term.mmcif) if term else ""
        place = f"{item} {shell_of(name)}"
        value = _text(parameter.get("value"))
        if value is not None and item.startswith(categories) and place not in told and _spelt(item, value) == value:
            told.add(place)
            continue
        said = parameter["original"] if value is None else value
        yield {"dataset_id": str(document.dataset_id), "name": name, "value": said, "unit": parameter.get("unit")}


def _spelt(item: str, value: str | None) -> str | None:
    """A space group with its PDBx name; any other value unchanged."""
    return pdbx_name(value) if item == SPACE_GROUP and value is not None else value


def _text(value: Value | None, factor: float = 1) -> str | None:
    """A canonical value as text; None if there is none."""
    if isinstance(value, bool | list):
        return json.dumps(value)
    if isinstance(value, int | float):
        return repr(value if factor == 1 else value * factor)
    return value
