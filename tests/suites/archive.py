"""The contract of both stores of the archive."""

from datetime import timedelta

from shared.events.rejection import DatasetRejected
from tests.builders.archive import Archive
from tests.builders.search.records import NOON, Topics


class ReportsSuite:
    """The tests of the contract. The fixture `archive` gives the store."""

    async def test_a_report_on_a_datasets_files_is_kept_once(self, archive: Archive) -> None:
        topics = Topics()
        report = topics.reported(42)
        await archive.hear(report, topics.reported(42, "another", about="restoration"))
        await archive.hear(report)
        assert await archive.kept() == [(42, "archiving"), (42, "restoration")]
        assert archive.publisher.messages == []

    async def test_a_report_hides_none_of_another_source_under_its_id(self, archive: Archive) -> None:
        topics = Topics()
        await archive.hear(
            topics.reported(42, by="/icat/10.0.0.1"),
            topics.reported(42, by="/producers/stranger", about="restoration"),
            topics.reported(42, by="/icat/10.0.0.1", at=NOON + timedelta(seconds=1)),
        )
        assert await archive.kept() == [(42, "archiving"), (42, "archiving"), (42, "restoration")]

    async def test_a_report_on_a_number_that_no_dataset_has_is_rejected_and_its_neighbours_are_kept(
        self, archive: Archive
    ) -> None:
        topics = Topics()
        await archive.hear(topics.reported(41, "wrong"), topics.reported(42, "right"))
        assert await archive.kept() == [(41, "archiving"), (42, "archiving")]
        (rejected,) = (DatasetRejected.model_validate_json(each.value).rejection for each in archive.publisher.messages)
        assert (rejected.receipt_id, rejected.code) == ("wrong", "dataset_number_unknown")
        assert "no catalogued dataset has the number 41" in rejected.message
