"""The reference page of each technique: its kinds, their recognition, their parameters and their inputs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from shared.vocabulary.kind_schema import input_bounds, own_terms
from shared.vocabulary.kinds import Kind
from shared.vocabulary.parameter_schema import meaning_of, span_of
from shared.vocabulary.relations import Relation
from shared.vocabulary.rules import Rule
from shared.vocabulary.techniques import Technique, TechniqueBook
from shared.vocabulary.vocabulary import Term, Vocabulary
from tools.contracts.tables import codes, page, table

PAGES = "docs/techniques"
HEADS = ("parameter", "type", "unit", "possible", "plausible", "meaning", "kinds")
INCOMPLETE = {"accept": "accepted as it is", "wait": "awaited until it is complete", "refuse": "refused"}
REJECTED = {"wait": "is awaited too, because it may be sent again", "reject": "refuses the dataset at once"}
VERDICTS = {"error": "refused", "warning": "flagged"}


def technique_pages(techniques: TechniqueBook, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """The path from the root, and the text, of each page."""
    for technique in techniques.techniques:
        yield f"{PAGES}/{technique.name.lower()}.md", _page(technique, vocabulary)


def _page(technique: Technique, vocabulary: Vocabulary) -> str:
    kinds = {kind.name: own_terms(kind, technique, vocabulary) for kind in technique.kind}
    return page(
        f"{technique.name}: {technique.title}",
        "\n".join(_introduction(technique)),
        *("\n".join(_kind(kind, technique, vocabulary)) for kind in technique.kind),
        "## Parameters\n\nA bare number is taken to be in the unit of the parameter; a text may have another unit. "
        "[Parameters](../parameters.md) lists other names and mmCIF items.",
        _parameters(technique, kinds),
    )


def _introduction(technique: Technique) -> Iterator[str]:
    yield f"[`{technique.pid}`]({technique.pid}), from `schemas/techniques/`. A submission has this technique if"
    yield ""
    yield f"- its `technique`, or the parameter `definition`, is {_any_of(technique.definitions)}, or"
    yield f"- `technique_pid` is {_any_of([technique.pid, *technique.other_pids])}"
    if technique.families:
        yield f"- or, if it has neither, a parameter belongs to the family {_any_of(technique.families)}"
    if technique.outranks:
        yield f"- also if it names {_any_of(technique.outranks)} as well"
    yield ""
    yield "Its kind is the first below that fits."


def _kind(kind: Kind, technique: Technique, vocabulary: Vocabulary) -> Iterator[str]:
    yield f"## {kind.name}\n\n{kind.title}. [JSON Schema](../../schemas/kinds/{kind.name}.json)\n"
    yield f"- **Recognised** by: {'; '.join(_recognised(kind))}"
    for name, reason in kind.required.items():
        because = f"; otherwise it is refused: {reason}" if reason else ""
        yield f"- **Must have** `{name}`: {_in_short(vocabulary.terms[name])}{because}"
    for name in kind.expected:
        yield f"- **Should have** `{name}`: {_in_short(vocabulary.terms[name])}"
    usual = [*kind.optional, *technique.optional]
    if usual:
        yield f"- **Usually has** {codes(usual)}"
    yield f"- **Unknown parameters** are {'refused' if kind.strict else 'kept and flagged'}"
    if input_bounds(kind)[1] != 0:
        yield from _inputs(kind)
    for rule in kind.rule:
        yield f"- **Rule** ({VERDICTS[rule.severity]} if violated): {_law(rule)}; {rule.because}"


def _recognised(kind: Kind) -> Iterator[str]:
    least, most = kind.input_bounds
    yield f"{_number(least, most)} input{'' if most == 1 else 's'}" if most != 0 else "no inputs"
    match = kind.match
    if match.scan_type:
        yield f"`scanType` {_any_of(match.scan_type)}"
    if match.program:
        yield f"`Process_program` {_any_of(match.program)}"
    if match.parameters:
        yield f"one of {codes(match.parameters)}"
    if match.families:
        yield f"a parameter of the family {_any_of(match.families)}"


def _inputs(kind: Kind) -> Iterator[str]:
    if kind.input is None:
        yield "- **Inputs** are datasets of any kind"
    for relation in kind.input or ():
        yield f"- **Inputs**: {_relation(relation)}"
    yield (
        f"- **Missing inputs** are awaited for {_span(kind.await_inputs)}; then the dataset is refused. "
        f"An incomplete input is {INCOMPLETE[kind.incomplete_inputs]}. "
        f"A rejected input {REJECTED[kind.rejected_inputs]}"
    )


def _relation(relation: Relation) -> str:
    demands = {
        "with the same sample": relation.same_sample,
        "with the same proposal": relation.same_proposal,
        "with a start that is not later": relation.not_before_input,
    }
    said = [f"{demand} (otherwise {VERDICTS[severity]})" for demand, severity in demands.items() if severity]
    number = _number(relation.min, relation.max)
    return f"{number} of kind {_any_of(relation.kinds)}{', ' if said else ''}{', '.join(said)}"


def _law(rule: Rule) -> str:
    if rule.sweep:
        sweep = rule.sweep
        return (
            f"`{sweep.end}` = `{sweep.start}` + (`{sweep.step}` - `{sweep.overlap}`) * `{sweep.count}`, "
            f"within {sweep.tolerance:g} of `{sweep.step}`"
        )
    if rule.cell:
        return f"{codes([*rule.cell.lengths, *rule.cell.angles])} are a cell that `{rule.cell.space_group}` permits"
    if rule.equal:
        return f"{' = '.join(f'`{name}`' for name in rule.equal)}, within {rule.tolerance:.3g} of the larger"
    return " ≤ ".join(f"`{name}`" for name in rule.ascending or ())


def _parameters(technique: Technique, kinds: dict[str, list[Term]]) -> str:
    """Each parameter once, with the kinds that have it: all, or the ends of their names."""
    told: dict[Term, list[str]] = defaultdict(list)
    for name, terms in kinds.items():
        for term in terms:
            told[term].append(name.partition(".")[2])
    everywhere = len(technique.kind)
    rows = (
        (
            f"`{term.name}`",
            term.type,
            term.unit or term.no_unit,
            span_of(term.hard),
            span_of(term.plausible if term.plausible != term.hard else None),
            "; ".join(filter(None, (meaning_of(term), term.note if term.note not in term.description else ""))),
            "every kind" if len(names) == everywhere else ", ".join(names),
        )
        for term, names in sorted(told.items(), key=lambda item: item[0].name.lower())
    )
    return table(HEADS, rows)


def _in_short(term: Term) -> str:
    limits = span_of(term.hard)
    kind = f"{term.type} in {term.unit}" if term.unit else term.type
    return ", ".join(filter(None, (meaning_of(term) or None, kind, limits)))


def _number(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more" if least else "any number of"
    return f"{least}" if least == most else f"{least} to {most}"


def _span(span: timedelta) -> str:
    days, hours = divmod(span.total_seconds() / 3600, 24)
    said = [
        f"{number:g} {unit}{'' if number == 1 else 's'}" for number, unit in ((days, "day"), (hours, "hour")) if number
    ]
    return " and ".join(said)


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
