"""A dataset in ICAT's XML becomes a submission that says the same, word for word."""

import base64

import pytest

from shared.events.dataset import DeclaredFile
from shared.events.sections import Producer
from shared.events.topics import MOST_FRAME_BYTES, MOST_SUBMISSION_BYTES, SUBMITTED
from tests.builders.icat_messages import (
    IDENTITIES,
    PEER,
    RAW,
    a_dataset,
    receipt_of,
    received,
    rejected,
    submitted,
    taken,
    translated,
)

OTHER = RAW.replace("run_01", "run_02")


def a_message(inside: str = "", attributes: str = "", prefix: str = "tns:") -> str:
    """A dataset as some other client writes it, so that it can say what ICAT's own never does."""
    namespace = f"xmlns{':' if prefix else ''}{prefix.rstrip(':')}"
    body = (
        f'<tns:dataset {namespace}="http://www.esrf.fr/icat"{attributes}><tns:investigation>mx1111</tns:investigation>'
        "<tns:instrument>id30a-3</tns:instrument><tns:name>run_01</tns:name>"
        f"<tns:location>{RAW}</tns:location><tns:startDate>2024-11-30T09:00:00</tns:startDate>"
        f"<tns:endDate>2024-11-30T09:01:00</tns:endDate>{inside}</tns:dataset>"
    )
    return body.replace("tns:", prefix)


def a_parameter(name: str, value: str) -> str:
    return f"<tns:parameter><tns:name>{name}</tns:name><tns:value>{value}</tns:value></tns:parameter>"


def test_a_stored_dataset_finds_its_fields_and_keeps_its_parameters() -> None:
    (message,) = translated(a_dataset(MX_resolution=1.5, MX_numberOfImages=4000, nonsense="kept"))
    submission = received(message).event.submission
    assert (submission.name, submission.path) == ("run_01_datacollection", RAW)
    assert (submission.proposal, submission.beamline, submission.sample) == ("mx1111", "id30a-3", "Fus_RAC1b")
    assert (submission.start, submission.end) == ("2024-11-30T09:00:00+01:00", "2024-11-30T09:01:00+01:00")
    assert submission.complete
    assert submission.mode == "upsert"
    assert submission.parameters.items() >= {
        ("MX_resolution", "1.5"),
        ("MX_numberOfImages", "4000"),
        ("nonsense", "kept"),
        ("Sample_name", "Fus_RAC1b"),
        ("beamlineID", "id30a-3"),
    }
    assert (message.topic, message.key) == (SUBMITTED.name, str(IDENTITIES.dataset(RAW)).encode())


def test_what_only_repeats_a_field_is_no_parameter() -> None:
    said = submitted(a_dataset(input_datasets=[OTHER])).parameters.keys()
    assert said.isdisjoint(
        {"datasetName", "proposal", "location", "startDate", "endDate", "complete", "input_datasets"}
    )


def test_a_parameter_that_contradicts_its_element_is_kept_beside_it() -> None:
    submission = submitted(a_message(a_parameter("startDate", "2024-11-29T09:00:00")).encode())
    assert submission.start == "2024-11-30T09:00:00"
    assert submission.parameters["startDate"] == "2024-11-29T09:00:00"


def test_the_producer_is_the_software_and_machine_that_it_names() -> None:
    assert submitted(a_dataset()).producer == Producer(software="MXCuBE", machine="mxcube-host")
    assert submitted(a_message().encode()).producer == Producer(machine=PEER)


@pytest.mark.parametrize(
    ("said", "paths"),
    [
        ([OTHER], [OTHER]),
        ([RAW + "_a", RAW + "_b"], [RAW + "_a", RAW + "_b"]),
        (["/data/x/one,two", "/data/x/three"], ["/data/x/one,two", "/data/x/three"]),
    ],
)
def test_inputs_are_told_apart_although_paths_may_hold_commas(said: list[str], paths: list[str]) -> None:
    assert submitted(a_dataset(path=RAW + "/proc", input_datasets=said)).input == paths


def test_blanks_around_inputs_and_empty_ones_are_nothing() -> None:
    inputs = a_parameter("input_datasets", f" {RAW}_a , {RAW}_b,")
    assert submitted(a_message(inputs).encode()).input == [f"{RAW}_a", f"{RAW}_b"]
    assert submitted(a_message(a_parameter("input_datasets", " ")).encode()).input == []


@pytest.mark.parametrize(
    ("attribute", "parameter", "complete"),
    [("true", "true", True), ("false", "false", False), ("true", "false", False), (None, "false", False)],
)
def test_more_will_follow_if_either_place_says_so(attribute: str | None, parameter: str, *, complete: bool) -> None:
    attributes = f' complete="{attribute}"' if attribute else ""
    assert submitted(a_message(a_parameter("complete", parameter), attributes).encode()).complete is complete


def test_a_doubtful_completeness_is_left_to_the_validator() -> None:
    submission = submitted(a_message(attributes=' complete="nearly"').encode())
    assert (submission.complete, submission.parameters["complete"]) == (True, "nearly")


def test_a_name_said_twice_with_one_value_is_said_once() -> None:
    twice = a_parameter("MX_resolution", "1.5") * 2
    assert submitted(a_message(twice).encode()).parameters == {"MX_resolution": "1.5"}


def test_a_name_said_twice_with_two_values_loses_neither() -> None:
    several = "".join(a_parameter("MX_resolution", value) for value in ("1.5", "1.6", "1.5", "1.7", "1.6"))
    assert submitted(a_message(several).encode()).parameters == {
        "MX_resolution": "1.5",
        "MX_resolution#2": "1.6",
        "MX_resolution#3": "1.7",
    }


def test_what_the_schema_allows_and_the_client_never_sends_is_kept_too() -> None:
    submission = submitted(
        a_message(
            "<tns:datasetId>42</tns:datasetId><tns:comment>a fine one</tns:comment>"
            "<tns:sample><tns:name>Fus</tns:name><tns:type>crystal</tns:type>"
            f"{a_parameter('SampleProtein_acronym', 'Fus')}</tns:sample>"
            "<tns:datafile><tns:location>a.h5</tns:location><tns:size>12</tns:size></tns:datafile>"
            f"<tns:datafile><tns:location>b.h5</tns:location>{a_parameter('md5', 'ff')}</tns:datafile>"
        ).encode()
    )
    assert submission.sample == "Fus"
    assert submission.files == [DeclaredFile(path="a.h5", size_bytes=12), DeclaredFile(path="b.h5")]
    assert submission.parameters == {
        "datasetId": "42",
        "comment": "a fine one",
        "sample/type": "crystal",
        "SampleProtein_acronym": "Fus",
        "b.h5#md5": "ff",
    }


@pytest.mark.parametrize("prefix", ["tns:", "", "icat:"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_same_message_in_another_spelling_has_the_same_receipt(prefix: str, encoding: str) -> None:
    plain = a_message(a_parameter("Sample_name", "Müller 1"))
    spelt = a_message("\n  <!-- a crystal -->\n" + a_parameter("Sample_name", "Müller 1 "), prefix=prefix)
    spelt = f'<?xml version="1.0" encoding="{encoding}"?>{spelt}'
    (one,), (other,) = translated(plain.encode()), translated(spelt.encode(encoding))
    assert receipt_of(one) == receipt_of(other)
    assert received(other).event.submission.sample == "Müller 1"


def test_sent_again_after_a_broken_connection_it_is_the_same_submission() -> None:
    (one,), (again,) = translated(a_dataset()), translated(a_dataset(), at=taken(2))
    assert receipt_of(one) == receipt_of(again)
    assert receipt_of(one) != receipt_of(translated(a_dataset(MX_resolution=2))[0])


def test_said_once_more_an_hour_later_it_may_take_back_what_came_between() -> None:
    later = taken(2).model_copy(update={"timestamp_ms": taken(2).timestamp_ms + 3_600_000})
    (one,), (again,) = translated(a_dataset()), translated(a_dataset(), at=later)
    assert receipt_of(one) != receipt_of(again)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (a_message().replace("location", "place"), "frame_invalid", "has no location"),
        ("<dataset/>", "frame_invalid", "has no name, location and investigation"),
        (a_message("<tns:name>another</tns:name>"), "frame_invalid", "name occurs twice in dataset"),
        (a_message("<tns:comment><tns:b/></tns:comment>"), "frame_invalid", "comment holds an element b"),
        (a_message(a_parameter("", "42")), "frame_invalid", "no name, only the value '42'"),
        (a_message("".join(a_parameter("x", f"{n}") for n in range(20))), "frame_invalid", "x has more than 10 values"),
        (a_message("<tns:datafile/>"), "frame_invalid", "datafile has no location"),
        (
            a_message("<tns:datafile><tns:location>a</tns:location><tns:size>big</tns:size></tns:datafile>"),
            "frame_invalid",
            "size 'big'",
        ),
        ("<sample/>", "frame_invalid", "root element is sample; icatIngest accepts dataset and investigation"),
        (a_message()[:-20], "not_xml", "line 1, column"),
        ("", "not_xml", "no element found"),
        ("\x00\x01", "not_xml", "not well-formed"),
        ('<?xml version="1.0" encoding="ebcdic-x"?><a/>', "not_xml", "encoding"),
        ("{}", "not_xml", "line 1, column 1"),
        (a_message("&someone;"), "not_xml", "undefined entity"),
        ('<!DOCTYPE d [<!ENTITY a "b">]>' + a_message("&a;"), "xml_unsafe", "document type"),
        ('<!DOCTYPE d SYSTEM "file:///etc/passwd">' + a_message(), "xml_unsafe", "line 1, column"),
        (a_message(a_parameter("x", "y" * MOST_SUBMISSION_BYTES)), "too_large", f"limit is {MOST_SUBMISSION_BYTES}"),
    ],
    ids=lambda value: value[:40] if len(value) < 60 else "a long one",
)
def test_what_cannot_be_translated_is_rejected_with_its_bytes_and_a_sentence(body: str, code: str, words: str) -> None:
    rejection = rejected(body.encode())
    assert rejection.code == code
    assert words in rejection.message
    assert rejection.value_base64 is not None


def test_a_body_that_is_far_too_long_is_kept_whole_with_its_rejection() -> None:
    body = a_message(a_parameter("x", "y" * (MOST_FRAME_BYTES - 1000))).encode()
    rejection = rejected(body)
    assert rejection.code == "too_large"
    assert base64.b64decode(rejection.value_base64 or "") == body
