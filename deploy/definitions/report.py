"""Reports on technique files, by the rules of the services that will read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from pydantic import ValidationError

from deploy.definitions.examples import Judge, Judged, read_example
from services.validator.laws import unknown_names
from shared.runtime.facility import FacilitySettings
from shared.vocabulary.datafiles import (
    SCHEMAS,
    DataFileFault,
    DataFileInvalid,
    data_files,
    examine_data_file,
    own_folders,
)
from shared.vocabulary.kinds import Kind, Traits, expanded
from shared.vocabulary.techniques import GENERIC_PROCESSED, GENERIC_RAW, Technique, TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

NOBODYS = "said by no file"
"""A text that a producer may send, and that no kind recognises."""


@dataclass
class TechniqueReport:
    """The faults of a technique file, which keep services from starting, and warnings for its author."""

    file: Path
    technique: Technique | None
    faults: list[DataFileFault]
    warnings: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    examples: int = 0

    @property
    def is_well(self) -> bool:
        """Whether the services start with the file, and judge its examples as expected."""
        return not self.faults and not self.misjudged


def files_of(path: Path) -> list[Path]:
    """The technique files of a path: the file itself, or those in its `techniques/`, or else in the folder."""
    if not path.is_dir():
        return [path]
    inner = path / "techniques"
    return sorted((inner if inner.is_dir() else path).glob("*.toml"))


def examine(files: Sequence[Path], facility: FacilitySettings) -> list[TechniqueReport]:
    """A report on each file, read together with the files of beamcat, of the facility and of its own folder.

    Raises:
        DataFileInvalid: a file of the vocabulary is wrong.
    """
    vocabulary = read_vocabulary(files, facility)
    reports = [TechniqueReport(file, *examine_data_file(file, Technique)) for file in files]
    book = _others(files, facility)
    for report in reports:
        if report.technique is not None:
            report.faults += _unknown_names(report.file, report.technique, vocabulary)
            report.faults += _claims(book, report.file, report.technique)
            if not report.faults:
                book[report.file] = report.technique
    judge = Judge(vocabulary, TechniqueBook(book.values()), facility)
    kinds = [GENERIC_RAW, GENERIC_PROCESSED, *(kind.name for technique in book.values() for kind in technique.kind)]
    for report in reports:
        if report.technique is not None and not report.faults:
            report.warnings += _doubts(report.technique, kinds)
            _judge_examples(report, report.technique, judge)
    return reports


def _schemas_of(file: Path) -> Path | None:
    """The directory of schemas that contains a file, if there is one."""
    folder = file.resolve().parent
    return folder.parent if folder.name == "techniques" else None


def read_vocabulary(files: Sequence[Path], facility: FacilitySettings) -> Vocabulary:
    """The vocabularies of beamcat, of the facility, and beside the files."""
    beside = [schemas / "vocabulary" for file in files if (schemas := _schemas_of(file)) not in (None, SCHEMAS)]
    own = [*own_folders("vocabulary", facility.schema_directories), *filter(Path.is_dir, beside)]
    return Vocabulary.load({folder.resolve(): folder for folder in own}.values())


def _others(files: Sequence[Path], facility: FacilitySettings) -> dict[Path, Technique]:
    """The techniques in all other files that a service would read too."""
    beside = [schemas / "techniques" for file in files if (schemas := _schemas_of(file)) not in (None, SCHEMAS)]
    own = {folder.resolve(): folder for folder in (*own_folders("techniques", facility.schema_directories), *beside)}
    asked = {file.resolve() for file in files}
    return {
        file: technique
        for file in data_files("techniques", own.values())
        if file.resolve() not in asked and (technique := examine_data_file(file, Technique)[0]) is not None
    }


def _claims(book: dict[Path, Technique], file: Path, technique: Technique) -> Iterator[DataFileFault]:
    """The fault that another file already claims what this technique claims."""
    try:
        TechniqueBook.of([*book.items(), (file, technique)])
    except DataFileInvalid as error:
        yield DataFileFault(file, None, "", str(error).removeprefix(f"{file}, "))


def _unknown_names(file: Path, technique: Technique, vocabulary: Vocabulary) -> Iterator[DataFileFault]:
    """The parameters that the technique names and no vocabulary has, each with its first line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for unknown in unknown_names(technique, vocabulary):
        line = next((number for number, text in enumerate(lines, 1) if unknown.name in text), None)
        yield DataFileFault(file, line, unknown.name, unknown.message)


def _doubts(technique: Technique, kinds: Sequence[str]) -> Iterator[str]:
    """Warnings about what every service accepts, but the author probably does not mean."""
    for number, kind in enumerate(technique.kind):
        earlier = technique.kind[:number]
        if all(any(other.fits(traits) for other in earlier) for traits in _traits_of(kind, technique)):
            takers = [other.name for other in earlier if any(map(other.fits, _traits_of(kind, technique)))]
            yield f"no dataset is ever of the kind {kind.name}: {', '.join(takers)} before it takes all"
        if kind.name.split(".")[:2] != [technique.name.lower(), kind.type]:
            yield f"the kind {kind.name} is not named {technique.name.lower()}.{kind.type}.…, after technique and type"
        for pattern in (pattern for relation in kind.input or () for pattern in relation.kinds):
            if not expanded([pattern], kinds):
                yield f"the kind {kind.name} comes from {pattern}, which is not a kind"


def _traits_of(kind: Kind, technique: Technique) -> Iterator[Traits]:
    """The minimal traits of a dataset of a kind, in every combination. More traits would fit as well."""
    least, most = kind.input_bounds
    bounds = [bound for each in technique.kind for bound in each.input_bounds if bound is not None]
    match = kind.match
    yield from (
        Traits(count, scan_type=scan_type, program=program, parameters=tuple(filter(None, (parameter, family))))
        for count, scan_type, program, parameter, family in product(
            range(least, min(max(bounds) + 1, max(bounds) + 1 if most is None else most) + 1),
            match.scan_type or [NOBODYS],
            match.program or [NOBODYS],
            match.parameters or [""],
            [f"{family}_{NOBODYS}" for family in match.families or ()] or [""],
        )
    )


def _judge_examples(report: TechniqueReport, technique: Technique, judge: Judge) -> None:
    """Judge the examples in the usual folder, and warn about kinds without one."""
    schemas = _schemas_of(report.file)
    folder = schemas / "examples" / technique.name.lower() if schemas else None
    shown: set[tuple[str, str]] = set()
    for file in sorted(folder.glob("*.json")) if folder else ():
        report.examples += 1
        try:
            example = read_example(file)
            judged = judge.judge(example)
        except (ValueError, ValidationError) as error:
            report.misjudged.append(f"{file}: {error}")
            continue
        report.misjudged += [f"{file}: {difference}" for difference in judged.differences(example.expect)]
        shown.add((_kind_of(judged), "rejected" if example.expect.errors else "accepted"))
    for kind in technique.kind:
        demands = bool(kind.required or kind.input or kind.strict)
        for verdict in ("accepted", *(["rejected"] if demands else [])):
            if (kind.name, verdict) not in shown:
                report.warnings.append(f"the kind {kind.name} has no {verdict} example in {folder or 'examples/'}")


def _kind_of(judged: Judged) -> str:
    return judged.dataset.kind if judged.dataset else ""
