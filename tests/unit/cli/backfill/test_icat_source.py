"""An ICAT server is read by its REST interface, in pages that it permits, and each dataset becomes one submission."""

import httpx
import pytest

from clients.cli.backfill.icat_source import IcatSource
from clients.cli.backfill.remote import Remote
from clients.cli.connection.api import Unreachable
from clients.cli.terminal.output import Failed
from tests.builders.icat_server import IcatServer, dataset, parameter


def source(server: IcatServer, session: str | None = None) -> IcatSource:
    remote = Remote("http://icat.example/icat", transport=httpx.MockTransport(server), sleep=lambda _: None)
    return IcatSource(remote, session or server.session)


def test_a_dataset_becomes_the_submission_that_icats_client_would_have_made() -> None:
    [item] = source(IcatServer([dataset(7)])).read(None)
    [submission] = item.submissions
    assert submission == {
        "mode": "upsert",
        "name": "run_7",
        "path": "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/run_7",
        "proposal": "MX1111",
        "beamline": "id30a-3",
        "sample": "Fus_RAC1b",
        "start": "2024-11-30T09:00:00+01:00",
        "end": "2024-11-30T09:01:00.000+01:00",
        "investigation_id": "4711",
        "file_count": 2,
        "volume_bytes": 30,
        "files": [{"path": "a.h5", "size_bytes": 10}, {"path": "/elsewhere/b.h5", "size_bytes": 20}],
        "parameters": {
            "definition": "MX",
            "scanType": "datacollection",
            "beamlineID": "id30a-3",
            "MX_exposureTime": 10.0,
            "MX_numberOfImages": 3600.0,
        },
        "units": {"MX_exposureTime": "ms"},
    }


def test_inputs_are_the_paths_that_icat_lists_in_a_parameter() -> None:
    listed = parameter("input_datasets", "/data/a,b,/data/c")
    [item] = source(IcatServer([dataset(1, parameters=[listed])])).read(None)
    assert item.submissions[0]["input"] == ["/data/a,b", "/data/c"]
    assert item.submissions[0]["parameters"] == {}


def test_the_beamline_is_that_of_the_investigation_if_no_parameter_names_it() -> None:
    [item] = source(IcatServer([dataset(1, parameters=[])])).read(None)
    assert item.submissions[0]["beamline"] == "ID30A-3"


@pytest.mark.parametrize(("lacks", "told"), [("location", "no location"), ("investigation", "no investigation")])
def test_a_dataset_that_cannot_be_catalogued_is_listed_with_its_id(lacks: str, told: str) -> None:
    bare = {name: value for name, value in dataset(3).items() if name != lacks}
    first, second = source(IcatServer([bare, dataset(4)])).read(None)
    assert told in first.fault
    assert (first.place, first.original["name"], first.submissions) == ("dataset 3", "run_3", ())
    assert second.submissions


def test_reading_goes_on_after_any_dataset_with_the_same_receipts() -> None:
    server = IcatServer([dataset(number) for number in range(5, 400, 3)])
    whole = list(source(server).read(None))
    assert [item.place for item in whole] == [f"dataset {number}" for number in range(5, 400, 3)]
    assert whole[-1].done == 1.0
    rest = list(source(server).read(whole[70].after))
    assert [item.receipt_ids() for item in rest] == [item.receipt_ids() for item in whole[71:]]
    assert rest[0].done == pytest.approx(whole[71].done)
    assert server.refreshed >= 3


def test_an_answer_that_would_be_too_large_is_asked_for_in_smaller_pages() -> None:
    server = IcatServer([dataset(number) for number in range(1, 121)], most_entities=1_000)
    assert len(list(source(server).read(None))) == 120
    assert len(server.queries) < 30


def test_of_a_dataset_with_too_many_files_only_their_number_is_submitted() -> None:
    files = [{"id": number, "name": f"{number}.cbf", "fileSize": 1} for number in range(2_000)]
    large = dataset(2, datafiles=files, parameters=[], fileCount=2_000, fileSize=2_000)
    server = IcatServer([dataset(1), large, dataset(3)], most_entities=1_000)
    items = list(source(server).read(None))
    assert [item.place for item in items] == ["dataset 1", "dataset 2", "dataset 3"]
    [submission] = items[1].submissions
    assert (submission["file_count"], submission["volume_bytes"], "files" in submission) == (2_000, 2_000, False)
    assert "files" in items[2].submissions[0]


def test_a_session_that_has_expired_ends_it_with_what_to_do() -> None:
    with pytest.raises(Failed, match=r"Unable to find user.*BACKFILL_TOKEN"):
        list(source(IcatServer([dataset(1)]), "another").read(None))


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    server, answers = IcatServer([dataset(1)]), iter([503, 502])

    def answer(request: httpx.Request) -> httpx.Response:
        status = next(answers, None)
        return server(request) if status is None else httpx.Response(status)

    remote = Remote("http://icat.example/icat", transport=httpx.MockTransport(answer), sleep=lambda _: None)
    assert len(list(IcatSource(remote, server.session).read(None))) == 1


def test_a_server_that_stays_away_ends_it() -> None:
    remote = Remote(
        "http://icat.example/icat", transport=httpx.MockTransport(lambda _: httpx.Response(503)), sleep=lambda _: None
    )
    with pytest.raises(Unreachable, match="goes on where it was"):
        list(IcatSource(remote, "s").read(None))


def test_an_address_that_is_no_icat_is_said() -> None:
    server = IcatServer([])
    remote = Remote("http://icat.example/elsewhere/icat", transport=httpx.MockTransport(server), sleep=lambda _: None)
    with pytest.raises(Failed, match="refuses"):
        list(IcatSource(remote, server.session).read(None))
