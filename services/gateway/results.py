"""What a batch is answered: one result an item, and all of them together no larger than one answer may be."""

from collections.abc import Mapping

from pydantic_core import to_json

from shared.foundation.problem import shortened

MOST_RESULT_BYTES = 12 * 1024 * 1024
"""Of the results that are told in full; those beyond are told in brief."""
MOST_FINDINGS = 1_000
"""Of one item; of more it is told how many there are."""
IN_BRIEF = ("type", "title", "status", "receipt_id", "dataset_id", "accepted")
BEYOND = "the answer has no room for all that was found; send this dataset by itself to read it"


class Results:
    """Takes the answer to each item in turn."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self._bytes = 0

    def add(self, answer: Mapping[str, object]) -> None:
        """The next item's."""
        full = _limited(answer)
        self._bytes += len(to_json(full))
        self.told.append(full if self._bytes <= MOST_RESULT_BYTES else _in_brief(answer))


def _limited(answer: Mapping[str, object]) -> dict[str, object]:
    findings = answer.get("findings")
    if not isinstance(findings, list) or len(findings) <= MOST_FINDINGS:
        return dict(answer)
    return {**answer, "findings": findings[:MOST_FINDINGS], "findings_count": len(findings)}


def _in_brief(answer: Mapping[str, object]) -> dict[str, object]:
    detail = answer.get("detail")
    why = f"{shortened(detail)}; {BEYOND}" if isinstance(detail, str) else BEYOND
    return {name: answer[name] for name in IN_BRIEF if name in answer} | {"detail": why}
