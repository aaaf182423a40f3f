"""Whatever comes in whatever batches, revisions are what a much simpler model says."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from services.catalog_writer.handler import CatalogState, CurrentRevision, Revised, commit
from shared.events.codes import Refusal
from tests.builders.catalog_writer import NOW, NUMBERS, Tracked, number
from tests.builders.described import COMBINING

PARAMETERS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=2)
SUBMISSIONS = st.builds(
    lambda said, **fields: Tracked(parameters={name: number(value) for name, value in said.items()}, **fields),
    said=PARAMETERS,
    name=st.sampled_from(["run1", "run2"]),
    receipt=st.integers(0, 11).map("r{}".format),
    mode=st.sampled_from(["replace", "merge"]),
    complete=st.booleans(),
    sequence_index=st.none() | st.integers(0, 3),
)


@dataclass
class Model:
    """One dataset: its parameters, whether complete, its index, and how many revisions it had."""

    revision: int = 0
    parameters: dict[str, object] = field(default_factory=dict)
    complete: bool = True
    index: int | None = None
    answers: dict[str, str] = field(default_factory=dict)

    def submit(self, submission: Tracked) -> str:
        if submission.receipt in self.answers:
            return "refused" if self.answers[submission.receipt] == "refused" else "nothing new"
        self.answers[submission.receipt] = answer = self._answer(submission)
        return answer

    def _answer(self, submission: Tracked) -> str:
        index = submission.sequence_index
        kept = self.parameters if submission.mode == "merge" else {}
        wanted = ({**kept, **submission.parameters}, submission.complete)
        same_index = index in {None, self.index}
        if self.revision and same_index and wanted == (self.parameters, self.complete):
            return f"unchanged {self.revision}"
        if index is not None and self.index is not None and index <= self.index:
            return "refused"
        self.revision += 1
        self.parameters, self.complete = wanted
        self.index = self.index if index is None else index
        outcome = "created" if self.revision == 1 else f"{submission.mode}d"
        return f"{outcome} {self.revision}"


class Catalogue:
    """The handler, with what it made kept between batches as the store keeps it."""

    def __init__(self) -> None:
        self.known = CatalogState({}, {}, NUMBERS)

    def submit(self, batch: list[Tracked]) -> list[str]:
        datasets, answered = dict(self.known.datasets), dict(self.known.answered)
        answers = []
        outcomes = commit(COMBINING, [each.received() for each in batch], self.known, NOW)
        for submission, outcome in zip(batch, outcomes, strict=True):
            receipt = submission.received().submission(submission.dataset_id)
            answered[receipt] = outcome if isinstance(outcome, Refusal) else None
            if isinstance(outcome, Revised):
                datasets[submission.dataset_id] = CurrentRevision.read(outcome.payload)
            answers.append(self._words(outcome))
        self.known = CatalogState(datasets, answered, NUMBERS)
        return answers

    @staticmethod
    def _words(outcome: object) -> str:
        if isinstance(outcome, Refusal):
            return "refused"
        told = getattr(outcome, "commit", None)
        return f"{told.outcome} {told.revision}" if told else "nothing new"


@given(st.lists(st.lists(SUBMISSIONS, max_size=6), max_size=6))
def test_revisions_follow_the_simple_model_however_the_batches_fall(batches: list[list[Tracked]]) -> None:
    catalogue, models = Catalogue(), {"run1": Model(), "run2": Model()}
    for batch in batches:
        assert catalogue.submit(batch) == [models[each.name].submit(each) for each in batch]
    for submission in (each for batch in batches for each in batch):
        model, catalogued = models[submission.name], catalogue.known.datasets[submission.dataset_id]
        assert catalogued.revision == model.revision
        assert catalogued.document.read_parameters() == model.parameters
        assert catalogued.document.sequence_index == model.index
