"""A raw dataset that arrives in parts, such as the wedges of a characterisation, and the whole of them. Pure.

Each part is kept with its own values, and the whole follows from the parts alone. So a part that arrives again replaces
itself instead of being added twice, and the order of arrival does not matter.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Self, cast

from pydantic_core import to_json

from services.catalog_writer.documents import MANY_PARTS, CatalogDocument, united
from shared.events.dataset import Part, SaidParameter
from shared.events.sections import Finding
from shared.vocabulary.combining import Combining

Said = Mapping[str, Any]
"""Parameters by canonical name."""

DIFFER, APART = "parts_differ", "parts_apart"
CODES = frozenset((DIFFER, APART, MANY_PARTS))
"""The codes of the findings that are decided again whenever parts are combined."""

MOST_PARTS = 100
MOST_NAMES = 10
AGREEMENT = 1e-3
"""Numbers with a smaller relative difference agree: a beam position is measured again for each wedge."""


@dataclass(frozen=True, slots=True)
class PartWithValues:
    """A part with all its values."""

    start: datetime
    end: datetime | None
    file_count: int | None
    volume_bytes: int | None
    said: Mapping[str, Any]

    @classmethod
    def of(cls, submission: CatalogDocument | Part, said: Said) -> Self:
        """The part in a submission, or the one that a document keeps."""
        return cls(submission.start, submission.end, submission.file_count, submission.volume_bytes, said)

    def kept(self, common: Collection[str]) -> Part:
        """The part as the document keeps it: without the values that all parts and the document share."""
        said = [{"name": name, **self.said[name]} for name in sorted(self.said) if name not in common]
        return Part(
            start=self.start,
            end=self.end,
            file_count=self.file_count,
            volume_bytes=self.volume_bytes,
            said=cast("list[SaidParameter]", said),
        )


def joined(
    both: CatalogDocument, current: CatalogDocument, addition: CatalogDocument, rules: Combining, *, is_update: bool
) -> CatalogDocument:
    """`both` documents, combined as parts if the addition is a part: then its counts are added to those of the others.

    An update applies to the whole. So does an addition without counts, such as a comment or another investigation.
    """
    said = addition.read_parameters()
    is_part = not is_update and any(_is_number(each) for name, each in said.items() if rules.rules.get(name) == "sum")
    if both.type != "raw" or not (is_part or current.parts):
        return both
    before = parts_of(current, rules)
    if not is_part:
        counts = (None, None) if is_update else (addition.file_count, addition.volume_bytes)
        return put_together(both, restated(before, said, rules, *counts), rules)
    parts = _with(before, PartWithValues.of(addition, said), rules)
    if len(parts) == 1:
        return both
    if parts == before:  # the part arrived again: the findings on the others stay
        found = [finding for finding in current.findings if finding.parameter is not None]
        found += [finding for finding in both.findings if finding.parameter is None]
        both = both.model_copy(update={"findings": found})
    return put_together(both, parts, rules)


def parts_of(document: CatalogDocument, rules: Combining) -> list[PartWithValues]:
    """The parts of a document with all their values, in order. A document from one submission is one part."""
    whole = document.read_parameters()
    if not document.parts:
        return [PartWithValues.of(document, whole)]
    own = [{each["name"]: _without_name(each) for each in part.said} for part in document.parts]
    told = set(chain.from_iterable(own))
    common = {name: said for name, said in whole.items() if name not in told and rules.rules.get(name) != "sum"}
    return [PartWithValues.of(part, common | said) for part, said in zip(document.parts, own, strict=True)]


def _without_name(said: SaidParameter) -> Said:
    return {key: value for key, value in said.items() if key != "name"}


def _with(parts: Sequence[PartWithValues], new: PartWithValues, rules: Combining) -> list[PartWithValues]:
    """The parts with a new part, or with a new version of one of them, in order."""
    before = next((part for part in reversed(parts) if _is_same(part, new, rules)), None)
    if before is None:
        return _in_order([*parts, new])
    again = {name: value for name in ("end", "file_count", "volume_bytes") if (value := getattr(new, name)) is not None}
    corrected = replace(before, said=united(before.said, new.said), **again)
    return _in_order([corrected if part is before else part for part in parts])


def _is_same(part: PartWithValues, other: PartWithValues, rules: Combining) -> bool:
    """Whether two submissions are the same part: they start at the same time, and no mark distinguishes them."""
    both_say = rules.marks & part.said.keys() & other.said.keys()
    differ = any(_value(part.said[name]) != _value(other.said[name]) for name in both_say)
    return part.start == other.start and not differ


def _in_order(parts: Sequence[PartWithValues]) -> list[PartWithValues]:
    """The parts ordered by time, then by content, never by arrival."""

    def place(part: PartWithValues) -> tuple[datetime, datetime, bytes]:
        return part.start, part.end or part.start, to_json(dict(sorted(part.said.items())))

    return sorted(parts, key=place)


def restated(
    parts: Sequence[PartWithValues],
    said: Said,
    rules: Combining,
    file_count: int | None = None,
    volume_bytes: int | None = None,
) -> list[PartWithValues]:
    """The parts after an addition to the whole: each part gets its values. The last part takes the rest of a total."""
    totals = {name for name, each in said.items() if rules.rules.get(name) == "sum" and _is_number(each)}
    everywhere = {name: each for name, each in said.items() if name not in totals}
    *others, last = [replace(part, said=united(part.said, everywhere)) for part in parts]
    rest = {
        name: _number(said[name], said[name]["value"] - sum(_counted(part, name) for part in others))
        for name in totals
        if said[name]["value"] != sum(_counted(part, name) for part in parts)
    }
    changes: dict[str, Any] = {"said": {**last.said, **rest}}
    for field, total in (("file_count", file_count), ("volume_bytes", volume_bytes)):
        if total is not None and total != _total(parts, field):
            changes[field] = total - (_total(others, field) or 0)
    return [*others, replace(last, **changes)]


def put_together(document: CatalogDocument, parts: Sequence[PartWithValues], rules: Combining) -> CatalogDocument:
    """The document with the combined values of its parts."""
    findings = [finding for finding in document.findings if finding.code not in CODES]
    if len(parts) > MOST_PARTS or any(finding.code == MANY_PARTS for finding in document.findings):
        parts = _bounded(parts, rules)
        findings.append(_many())
    whole, differing = _combined(parts, rules)
    findings += [_differ(differing)] if differing else []
    findings += _reach(whole, parts, rules)
    common = {
        name
        for name, said in whole.items()
        if rules.rules.get(name) != "sum" and all(part.said.get(name) == said for part in parts)
    }
    return document.model_copy(
        update={
            "parameters": to_json(whole),
            "parts": [part.kept(common) for part in parts],
            "file_count": _total(parts, "file_count"),
            "volume_bytes": _total(parts, "volume_bytes"),
            "findings": findings,
        }
    )


def _bounded(parts: Sequence[PartWithValues], rules: Combining) -> list[PartWithValues]:
    """At most `MOST_PARTS` parts: the earliest ones are combined into one."""
    surplus = len(parts) - MOST_PARTS
    if surplus <= 0:
        return list(parts)
    first, kept = parts[: surplus + 1], parts[surplus + 1 :]
    one = PartWithValues(
        start=first[0].start,
        end=max((part.end for part in first if part.end), default=None),
        file_count=_total(first, "file_count"),
        volume_bytes=_total(first, "volume_bytes"),
        said=_combined(first, rules)[0],
    )
    return [one, *kept]


def _combined(parts: Sequence[PartWithValues], rules: Combining) -> tuple[dict[str, Any], list[str]]:
    """The combined values of the parts, and the names of parameters on which they should agree but do not."""
    whole: dict[str, Any] = {}
    differing = []
    for name in dict.fromkeys(name for part in parts for name in part.said):
        told = [part.said[name] for part in parts if name in part.said]
        told = [each for each in told if "value" in each] or told
        rule = rules.rules.get(name)
        reckoned = _reckoned(told, rule) if rule in ("sum", "min", "max") else None
        whole[name] = reckoned or told[0 if rule == "first" else -1]
        if _differ_in(told, rule, reckoned):
            differing.append(name)
    return whole, differing


def _differ_in(told: Sequence[Said], rule: str | None, reckoned: Said | None) -> bool:
    """Whether parts differ where they should agree, or have values that cannot be combined."""
    if rule in ("first", "last") or (reckoned is not None and all(map(_is_number, told))):
        return False
    return not all(_agree(told[0], each) for each in told)


def _reckoned(told: Sequence[Said], rule: str) -> Said | None:
    """The sum or the extreme of the values that are numbers, if they have the same unit."""
    numbers = [each for each in told if _is_number(each)]
    if len({each.get("unit") for each in numbers}) != 1:
        return None
    if rule == "sum":
        return numbers[0] if len(numbers) == 1 else _number(numbers[0], _sum([each["value"] for each in numbers]))
    return (min if rule == "min" else max)(numbers, key=lambda each: each["value"])


def _reach(whole: dict[str, Any], parts: Sequence[PartWithValues], rules: Combining) -> list[Finding]:
    """Add the range of all parts if none gives it, and flag parts that do not follow each other in one sweep."""
    findings = []
    for name, (start, end) in rules.extents.items():
        ends = [(part.said.get(start, {}), part.said.get(end, {})) for part in parts]
        if not all(_is_number(each) for pair in ends for each in pair):
            continue
        reach = _sum([there["value"] - here["value"] for here, there in ends])
        whole.setdefault(name, _number(ends[0][0], reach))
        if not math.isclose(whole[end]["value"] - whole[start]["value"], reach, rel_tol=AGREEMENT, abs_tol=1e-6):
            findings.append(_apart(start, end, ends))
    return findings


def _sum(values: Sequence[Any]) -> int | float:
    """The sum, independent of the order of the values and rounded to remove errors of binary fractions."""
    if any(isinstance(value, float) for value in values):
        return float(f"{math.fsum(values):.12g}")
    return cast("int", sum(values))


def _number(like: Said, value: float) -> dict[str, Any]:
    """A computed value: its text is the number itself, and its unit is that of another value."""
    return {**like, "value": value, "original": str(value)}


def _is_number(said: Said) -> bool:
    value = said.get("value")
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _value(said: Said) -> object:
    return said.get("value", said["original"])


def _counted(part: PartWithValues, name: str) -> float:
    said = part.said.get(name)
    return cast("float", said["value"]) if said is not None and _is_number(said) else 0


def _total(parts: Sequence[PartWithValues], field: str) -> int | None:
    counts = [count for part in parts if (count := getattr(part, field)) is not None]
    return sum(counts) if counts else None


def _agree(one: Said, other: Said) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one["value"], other["value"], rel_tol=AGREEMENT)
    return bool(_value(one) == _value(other))


def _differ(names: Sequence[str]) -> Finding:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    shown = ", ".join(sorted(names)[:MOST_NAMES])
    message = f"the parts of the dataset differ in {shown}{more}; the values of the last part count"
    return Finding.warning(DIFFER, message, "check that they are parts of one measurement")


def _apart(start: str, end: str, ends: Sequence[tuple[Said, Said]]) -> Finding:
    reaches = [f"{here['value']:g} to {there['value']:g}" for here, there in ends]
    more = f" and {len(reaches) - MOST_NAMES} more" if len(reaches) > MOST_NAMES else ""
    message = (
        f"the parts do not follow each other: {', '.join(reaches[:MOST_NAMES])}{more}; so {start} and {end} are"
        " those of the first and of the last part, not of one sweep"
    )
    return Finding.warning(APART, message, "nothing to do if wedges were meant", parameter=end)


def _many() -> Finding:
    message = (
        f"the dataset has more than {MOST_PARTS} parts; the earliest are combined, and would count twice if sent again"
    )
    return Finding.warning(MANY_PARTS, message, "send fewer and longer parts")
