"""PDBx/mmCIF of a pipeline or of `beamcat export`. The vocabulary says what its items mean."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from clients.importers.assembly import BETWEEN, FIELD, FileNotUnderstood, Result, StatedValue, Unplaced
from clients.importers.data_sets import Row, Table, by_data_set
from clients.importers.names import Names, names_of
from clients.importers.results import Found
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import read
from shared.vocabulary.datafiles import own_folders
from shared.vocabulary.mmcif import DATASET, FILE, LINK, OF_RESULT, PARAMETER, SHELL, SHELLS, Items, items_of
from shared.vocabulary.vocabulary import Term, Vocabulary

if TYPE_CHECKING:
    from gemmi import SpaceGroup, cif

WITH_UNCERTAINTY = re.compile(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)\(\d+\)", re.ASCII)
SPACE_GROUP_NUMBERS = ("_symmetry.Int_Tables_number", "_space_group.IT_number")
COMPLETENESS = "_reflns.percent_possible_obs"
COMPLETENESS_OF_SHELL = ("percent_possible_obs", "percent_possible_all")
FRACTION, PER_CENT = "1", "%"
STATISTICS = "_reflns_shell."
OF_RESULTS = ("_reflns.", STATISTICS)
SOFTWARE = "_software."
LIMITS = ("d_res_high", "d_res_low")
REDUCTION = ("data reduction", "data processing", "data scaling")
"""The classifications of programs that make datasets, the most certain first."""
MOST_ROWS = 100
"""The most rows of a loop. A longer one contains data, not metadata."""


def read_mmcif(content: bytes) -> Found:
    """The results in a CIF: of every block that has statistics, and of every data set that a block tells apart.

    Raises:
        FileNotUnderstood: it is no CIF, says nothing of a dataset, or mixes data sets.
    """
    from gemmi import cif  # late: no other command needs it

    try:
        document = cif.read_string(content)
    except (ValueError, RuntimeError) as error:
        raise FileNotUnderstood(f"the file is not CIF: {error}") from None
    items, names = _known()
    blocks = [block for block in document if not names.said.keys().isdisjoint(_tags(block))]
    if not blocks:
        raise FileNotUnderstood("the CIF has no item that a parameter of the vocabulary stands for")
    chosen = [block for block in blocks if _has_statistics(block, names)] or blocks
    taken = {block.name for block in chosen}
    others = [
        Unplaced(f"data_{block.name}", f"{len(_tags(block))} items", "the block has no statistics; it is not a result")
        for block in document
        if block.name not in taken
    ]
    return Found(
        [
            replace(result, unread=[*result.unread, *others])
            for block in chosen
            for result in _results(block, items, names)
        ]
    )


def _has_statistics(block: "cif.Block", names: Names) -> bool:
    return any(tag.startswith(DATASET) or (tag.startswith(OF_RESULTS) and tag in names.said) for tag in _tags(block))


@cache
def _known() -> tuple[Items, Names]:
    """The items of the vocabulary, and all names that are read: those first, then the names of other programs."""
    folders = own_folders("vocabulary", read(FacilitySettings, os.environ).schema_directories)
    items = items_of(Vocabulary.load(folders))
    names = names_of("mmcif")
    targets = {}
    for item, of in items.by_item.items():
        name = next(iter(of.values())).name
        targets[item] = SHELL.sub("_{shell}_", name) if item.startswith(STATISTICS) else name
    fractions = [item for item, of in items.by_item.items() if _unit(next(iter(of.values()))) == FRACTION]
    families = {"fractions": [*names.families["fractions"], *fractions]}
    return items, names.model_copy(update={"said": targets | names.said, "families": families})


def _unit(term: Term) -> str | None:
    """The unit that an item of a ratio has by definition."""
    return (PER_CENT if term.unit else FRACTION) if term.scale else None


@cache
def _spellings() -> dict[str, str]:
    """Tags as the dictionary spells them. Files may use any letter case."""
    _, names = _known()
    return {tag.casefold(): tag for tag in (*names.ignored, *names.said)}


def _spelt(tag: str) -> str:
    return _spellings().get(tag.casefold(), tag)


def _results(block: "cif.Block", items: Items, names: Names) -> list[Result]:
    tables, unread = _tables(block)
    if DATASET in tables:
        return [_exported(block.name, tables, items, names, unread)]
    sets = by_data_set(tables)
    return [
        Result(
            f"data_{block.name}" + (f" data set {number}" if len(sets) > 1 else ""),
            list(_said(each, items, is_own=False)),
            names,
            [*unread, *_between(_by_resolution(each.get(STATISTICS, [])))],
        )
        for number, each in enumerate(sets, 1)
    ]


def _exported(label: str, tables: dict[str, Table], items: Items, names: Names, unread: list[Unplaced]) -> Result:
    """The names for files of `beamcat export`, which contain all parameters themselves."""
    own, links, parameters, files = (tables.pop(category, []) for category in (DATASET, LINK, PARAMETER, FILE))
    said = [*_own(own[0], links, parameters, files), *_said(tables, items, is_own=True)]
    targets = {saying.name: saying.name.removeprefix(PARAMETER) for saying in said if saying.name.startswith(PARAMETER)}
    targets |= {
        saying.name: FIELD + saying.name.removeprefix(DATASET) for saying in said if saying.name.startswith(DATASET)
    }
    every = names.model_copy(update={"parameters": {}, "said": targets | names.said, "is_verbatim": True})
    terms = {item: next(iter(of.values())) for item, of in items.by_item.items()} | {
        PARAMETER + name: term for name, term in items.terms.items()
    }
    stated = [replace(each, unit=_unit(terms[each.name])) if each.name in terms else each for each in said]
    return Result(f"data_{label}", stated, every, unread)


def _tags(block: "cif.Block") -> list[str]:
    return [tag for item in block for tag in _parts(item)[0]]


def _parts(item: "cif.Item") -> tuple[list[str], list[str]]:
    """The tags and values of a pair or a loop. Comments and frames have none."""
    if isinstance(item.pair, list | tuple):
        return [_spelt(str(item.pair[0]))], [str(item.pair[1])]
    loop = cast("cif.Loop | None", item.loop)
    return ([], []) if loop is None else ([_spelt(tag) for tag in loop.tags], list(loop.values))


def _tables(block: "cif.Block") -> tuple[dict[str, Table], list[Unplaced]]:
    """Every category as rows without unknown values, and the loops that are too long."""
    tables: dict[str, Table] = {}
    unread = []
    for tags, values in map(_parts, block):
        if not values:
            continue
        category = tags[0].partition(".")[0] + "."
        names = [tag.partition(".")[2] for tag in tags]
        if len(values) > MOST_ROWS * len(tags) and category not in {PARAMETER, FILE, LINK, DATASET}:
            reason = "a loop of data, not of what is said of them"
            unread.append(Unplaced(category[:-1], f"{len(values) // len(tags)} rows", reason))
            continue
        rows = [_row(names, values[start : start + len(tags)]) for start in range(0, len(values), len(tags))]
        known = tables.setdefault(category, [{} for _ in rows])
        if len(known) != len(rows):
            raise FileNotUnderstood(f"{category[:-1]} stands in two loops, with {len(known)} and {len(rows)} rows")
        for row, more in zip(known, rows, strict=True):
            row.update(more)
    return tables, unread


def _row(names: Sequence[str], values: Sequence[str]) -> Row:
    from gemmi import cif

    told = zip(names, values, strict=True)
    return {name: cif.as_string(value) for name, value in told if not cif.is_null(value)}


def _said(tables: Mapping[str, Table], items: Items, *, is_own: bool) -> Iterator[StatedValue]:
    for category, rows in tables.items():
        if is_own and category not in OF_RESULT:
            continue  # of the inputs, which are datasets of their own
        if category == STATISTICS:
            yield from _shells(rows if is_own else _by_resolution(rows), items, is_own=is_own)
            continue
        if category == SOFTWARE and not is_own:
            yield from _programs(rows)
            continue
        for number, row in enumerate(rows[:1] if is_own else rows, 1):
            place = f"{category[:-1]}[{number}]." if len(rows) > 1 else category
            for name, value in row.items():
                saying = _saying(place + name, category + name, value, None, items)
                is_whole = saying.name == COMPLETENESS and not is_own
                yield _completeness(saying, tables.get(STATISTICS, [])) if is_whole else saying


def _programs(rows: Table) -> Iterator[StatedValue]:
    """Name and version of the program that made the dataset. Other programs are skipped."""
    ranked = [(rank, number) for number, row in enumerate(rows) if (rank := _rank(row)) is not None]
    _, chosen = min(ranked, default=(None, None))
    for number, row in enumerate(rows):
        place = f"{SOFTWARE[:-1]}[{number + 1}]." if len(rows) > 1 else SOFTWARE
        for name, value in row.items():
            is_other = number != chosen and name in {"name", "version"}
            yield StatedValue(place + name, ("another program's " if is_other else SOFTWARE) + name, value)


def _completeness(saying: StatedValue, shells: Table) -> StatedValue:
    """Correct the overall completeness of older iotbx, which alone is a fraction, against the dictionary.

    The correction is certain if the whole would otherwise be less complete than each of its shells.
    """
    try:
        least = min(float(row[name]) for row in shells for name in COMPLETENESS_OF_SHELL if name in row)
        is_fraction = 0 < float(saying.value) <= 1 < least
    except ValueError:
        return saying
    return replace(saying, unit=FRACTION) if is_fraction else saying


def _rank(row: Row) -> int | None:
    """The rank of a program that may have made the dataset; None if it did something else, such as refinement."""
    purpose = row.get("classification", "").lower()
    if purpose in REDUCTION:
        return REDUCTION.index(purpose)
    return None if purpose else len(REDUCTION)


def _by_resolution(rows: Table) -> Table:
    """Rows from the innermost to the outermost shell. Some programs write them in the other order."""
    for limit in LIMITS:
        with suppress(KeyError, ValueError):
            return sorted(rows, key=lambda row: -float(row[limit]))
    return rows


def _shells(rows: Table, items: Items, *, is_own: bool) -> Iterator[StatedValue]:
    """The first shell is the inner and the last the outer one. A single one is the outer, by custom."""
    chosen = dict(zip(SHELLS, (rows[0], rows[-1]), strict=True)) if len(rows) > 1 or is_own else {"outer": rows[0]}
    for shell, row in chosen.items():
        for name, value in row.items():
            yield _saying(f"{STATISTICS[:-1]}[{shell}].{name}", STATISTICS + name, value, shell, items)


def _between(rows: Table) -> Iterator[Unplaced]:
    for number, row in enumerate(rows[1:-1], 2):
        for name, value in row.items():
            if STATISTICS + name not in names_of("mmcif").ignored:
                yield Unplaced(f"{STATISTICS[:-1]}[{number}].{name}", value, BETWEEN)


def _saying(place: str, item: str, value: str, shell: str | None, items: Items) -> StatedValue:
    """The value of an item, in the unit and scale of the vocabulary."""
    if found := WITH_UNCERTAINTY.fullmatch(value):
        value = found[1]
    if item in SPACE_GROUP_NUMBERS and value.isdecimal():
        from gemmi import find_spacegroup_by_number

        known = cast("SpaceGroup | None", find_spacegroup_by_number(int(value)))
        return StatedValue(place, item, known.hm if known is not None else value)
    terms = items.by_item.get(item, {})
    factor = next((term.mmcif_factor for term in terms.values()), 1)
    if factor == 1:
        return StatedValue(place, item, value, shell)
    try:
        return StatedValue(place, item, float(value) / factor, shell)
    except ValueError:
        return StatedValue(place, item, value, shell)


def _own(dataset: Row, links: Table, parameters: Table, files: Table) -> Iterator[StatedValue]:
    """What `beamcat export` adds to PDBx: identity, inputs and further parameters of the dataset."""
    for field in ("path", "name", "technique", "proposal", "beamline", "sample", "start", "end"):
        yield StatedValue(f"{DATASET}{field}", f"{DATASET}{field}", dataset.get(field))
    for link in links:
        if link.get("child_id") == dataset.get("id"):
            yield StatedValue(f"{LINK}parent_path", f"{DATASET}input", link.get("parent_path"))
    for row in files:
        yield StatedValue(f"{FILE}path", f"{DATASET}files", row.get("path"))
    for row in parameters:
        if row.get("dataset_id") == dataset.get("id") and "name" in row:
            yield StatedValue(PARAMETER + row["name"], PARAMETER + row["name"], _value(row.get("value", "")))


def _value(text: str) -> Any:  # noqa: ANN401  as a submission takes it: a text, a truth or a list
    if text.startswith("[") or text in {"true", "false"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
