"""Shortens the findings of a dataset with very many inputs."""

from collections import Counter
from collections.abc import Iterator, Sequence

from shared.events.sections import Finding

MOST_OF_A_CODE = 20


def summed_up(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The first twenty findings of each code, and the number of the others. All findings on parameters are kept."""
    if len(findings) <= MOST_OF_A_CODE:
        return findings
    return list(_summed_up(findings))


def _summed_up(findings: Sequence[Finding]) -> Iterator[Finding]:
    met: Counter[str] = Counter()
    for finding in findings:
        if finding.parameter is None:
            met[finding.code] += 1
        if finding.parameter is not None or met[finding.code] <= MOST_OF_A_CODE:
            yield finding
    told: set[str] = set()
    for finding in findings:
        more = met[finding.code] - MOST_OF_A_CODE
        if more > 0 and finding.code not in told:
            told.add(finding.code)
            message = f"{more} more findings are {finding.code}"
            yield Finding(code=finding.code, severity=finding.severity, message=message, cure=finding.cure)
