"""Decides when a stage halts: several healthy sources are refused for reasons that may be beamcat's fault. Pure.

A bad deployment refuses all sources, but a bad producer is refused alone. So outcomes are counted by source. Refusals
for the content of events never count. A source is *struck* if its events passed here before, and its latest were all
refused for reasons that may be beamcat's fault. The stage halts while at least `FEWEST_SOURCES` are struck and have at
least half of the credit of all sources that were active recently. Credit is the number of events that passed, up to a
limit: a new source weighs little beside one that has worked for long.
"""

from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from shared.events.codes import Code, Refusal
from shared.foundation.errors import BeamcatError

OURS: Mapping[Code, str] = {
    Code.INTERNAL_ERROR: "go back to the version that worked, or fix the defect or the data file that causes it",
    Code.CANNOT_STORE: "check the database for a constraint, a type or a migration that this version does not expect",
    Code.UNKNOWN_VERSION: "deploy a version of this stage that reads these events",
}
"""The reasons that may lie in this deployment and not in the event, and the cure of each."""

FEWEST_SOURCES = 3
"""The fewest struck sources for a halt. The events of one or two are rejected one by one, since they prove nothing."""
STREAK = 3
"""The number of consecutive refusals after which a source is struck."""
FORGOTTEN_AFTER = 1000
"""The number of consecutive refusals after which a source no longer counts as healthy."""
MOST_CREDIT = 100
MOST_SOURCES = 1000
"""The most sources that are remembered, the most recent ones. Sources that were never healthy are not remembered."""
MOST_REMEMBERED = 100
"""The most sources that a process passes on to the next one."""
MOST_NAMED = 5
MOST_NAME_CHARACTERS = 80
LATELY = timedelta(minutes=10)


class Halted(BeamcatError):
    """Several healthy sources are refused for reasons that may be beamcat's fault. The message says what helps."""


@dataclass(slots=True)
class SourceOutcomes:
    """The recent outcomes of a source at a stage."""

    name: str
    credit: int = 0
    streak: int = 0
    heard: datetime | None = None
    """None while it is only known from an earlier process."""

    @property
    def is_struck(self) -> bool:
        """Whether its latest events were all refused."""
        return self.streak >= STREAK


Standings = Mapping[str, SourceOutcomes]


class HaltRule:
    """The recent outcomes of all sources at one stage. `halts` is false if it must not stop, as in a rebuild."""

    def __init__(self, *, halts: bool = True) -> None:
        self._halts = halts
        self._standings: OrderedDict[str, SourceOutcomes] = OrderedDict()

    def judge(self, sources: Sequence[str], outcomes: Sequence[object], now: datetime) -> Standings:
        """The standings of the sources after these outcomes, for `record`.

        Raises:
            Halted: the outcomes must not become durable.
        """
        changed: dict[str, SourceOutcomes] = {}
        told = [
            (source, isinstance(outcome, Refusal))
            for source, outcome in zip(sources, outcomes, strict=True)
            if not isinstance(outcome, Refusal) or outcome.code in OURS
        ]
        newest = next((each for each in reversed(outcomes) if isinstance(each, Refusal) and each.code in OURS), None)
        if newest is None:  # the usual case, in which the order does not matter
            for (source, _), times in Counter(told).items():
                self._count(changed, source, now, passed=times)
            return changed
        for source, is_refused in told:
            self._count(changed, source, now, passed=0 if is_refused else 1)
        if self._halts:
            self._check(changed, newest, now)
        return changed

    def record(self, changed: Standings) -> None:
        """Store the standings: the outcomes are durable."""
        for key, standing in changed.items():
            self._standings[key] = standing
            self._standings.move_to_end(key)
            if standing.streak >= FORGOTTEN_AFTER:
                del self._standings[key]
        while len(self._standings) > MOST_SOURCES:
            self._standings.popitem(last=False)

    def remembered(self) -> list[str]:
        """The healthy sources as short hashes, the most recent last. They outlive the process."""
        return list(self._standings)[-MOST_REMEMBERED:]

    def recall(self, sources: Collection[str]) -> None:
        """Note sources that were healthy in an earlier or another process."""
        for key in sources:
            if key not in self._standings and len(self._standings) < MOST_SOURCES:
                self._standings[key] = SourceOutcomes(key, MOST_CREDIT)
                self._standings.move_to_end(key, last=False)

    def _count(self, changed: dict[str, SourceOutcomes], source: str, now: datetime, *, passed: int) -> None:
        """Count events of a source that passed; 0 means that one was refused."""
        key = short_hash(source)
        standing = changed.get(key)
        if standing is None:
            known = self._standings.get(key)
            if known is None and not passed:
                return
            standing = changed[key] = replace(known or SourceOutcomes(""), name=_name(source), heard=now)
        standing.streak = 0 if passed else standing.streak + 1
        standing.credit = min(MOST_CREDIT, standing.credit + passed)

    def _check(self, changed: Standings, newest: Refusal, now: datetime) -> None:
        lately = [
            standing
            for standing in ({**self._standings, **changed}).values()
            if standing.heard is not None and now - standing.heard <= LATELY
        ]
        struck = [standing for standing in lately if standing.is_struck]
        if len(struck) < FEWEST_SOURCES or 2 * _credit(struck) < _credit(lately):
            return
        raise Halted(_words(struck, len(lately), newest))


def _credit(standings: Sequence[SourceOutcomes]) -> int:
    return sum(standing.credit for standing in standings)


def _words(struck: Sequence[SourceOutcomes], lately: int, newest: Refusal) -> str:
    names = ", ".join(sorted(standing.name for standing in struck)[:MOST_NAMED])
    others = f" and {len(struck) - MOST_NAMED} more" if len(struck) > MOST_NAMED else ""
    return (
        f"{len(struck)} of the {lately} sources that were healthy recently are now refused ({names}{others});"
        f" the newest: {newest.code}: {newest.message}. {OURS[newest.code].capitalize()}."
        " Meanwhile nothing is rejected, and the batch is tried again every few seconds."
        " If the events themselves are wrong, BEAMCAT_HALT_STAGES=false allows their rejection"
    )


@lru_cache(maxsize=MOST_SOURCES)
def short_hash(source: str) -> str:
    """A short name of a source: 8 hexadecimal digits."""
    return sha256(source.encode(errors="surrogatepass")).hexdigest()[:8]


def _name(source: str) -> str:
    text = source[:MOST_NAME_CHARACTERS]
    return text if text.isprintable() and text else repr(text)
