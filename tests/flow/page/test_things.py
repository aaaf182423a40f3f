"""One dataset, one receipt, one rejection, and the lists of what was rejected and of what waits."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.builders.browser import Answer, Catalogue, Reader
from tests.flow.page import answers
from tests.flow.page.answers import DATASET, INVESTIGATION, RECEIPT, REJECTION, VIEWS

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

AT = f"datasets/{DATASET}"
SHOWN = VIEWS["autoPROC"]


async def fact(reader: Reader, name: str) -> str:
    """What stands beside a name."""
    return (
        await reader.page.locator("dl > div", has=reader.page.get_by_text(name, exact=True)).locator("dd").inner_text()
    )


async def test_the_container_and_the_positions_each_have_their_own_name(reader: Reader) -> None:
    await reader.see(SHOWN)
    assert await fact(reader, "Container") == "ESRF-0042 UNIPUCK"
    assert await fact(reader, "Position in the container") == "3"
    assert await fact(reader, "Position in the sample changer") == "14"
    assert await fact(reader, "Parcel") == "dewar-7"


async def test_a_container_without_a_name_is_not_called_by_its_position(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers[AT] = answers.event(container={"id": None, "name": None, "position": "3"})
    await reader.see(SHOWN)
    await expect(reader.page.get_by_text("Container", exact=True)).to_have_count(0)
    assert await fact(reader, "Position in the container") == "3"


async def test_a_dataset_leads_to_all_of_its_sample_proposal_beamline_and_investigation(reader: Reader) -> None:
    await reader.see(SHOWN)
    links = {"Fus": "sample=Fus", "MX-1111": "proposal=mx1111", "id30a-3": "beamline=id30a-3"}
    for name, query in (links | {"Structure of Fus": f"investigation={INVESTIGATION}"}).items():
        link = reader.page.locator("dl").get_by_role("link", name=name, exact=True)
        await expect(link).to_have_attribute("href", f"#/?{query}")


async def test_what_can_be_taken_out_is_offered_and_nothing_else(reader: Reader, catalogue: Catalogue) -> None:
    await reader.see(SHOWN)
    await expect(reader.page.get_by_role("link", name="mmCIF")).to_have_attribute("href", f"{AT}.cif")
    await expect(reader.page.get_by_role("link", name="JSON")).to_have_attribute("href", AT)
    sheet = await reader.page.get_by_role("link", name="CSV").get_attribute("href")
    assert sheet is not None
    assert "columns=MX_flux%2C" in sheet
    catalogue.answers[AT] = answers.event(technique="SSX")
    await reader.see(SHOWN)
    await expect(reader.page.get_by_role("link", name="mmCIF")).to_have_count(0)


async def test_the_path_is_copied(reader: Reader) -> None:
    await reader.see(SHOWN)
    await reader.page.evaluate("() => { navigator.clipboard.writeText = async text => { window.copied = text } }")
    await reader.page.get_by_role("button", name="Copy the path").click()
    await expect(reader.page.get_by_text("Copied")).to_be_visible()
    assert await reader.page.evaluate("window.copied") == answers.PATH


async def test_where_a_page_may_not_write_the_clipboard_the_path_is_selected(reader: Reader) -> None:
    await reader.see(SHOWN)
    await reader.page.evaluate("() => { delete Navigator.prototype.clipboard }")
    await reader.page.get_by_role("button", name="Copy the path").click()
    assert await reader.page.evaluate("String(getSelection())") == answers.PATH


async def test_statistics_of_a_scaling_are_one_table_of_shells(reader: Reader) -> None:
    await reader.see(SHOWN)
    table = reader.page.get_by_role("table", name="MXAutoprocIntegrationScaling by resolution shell")
    rows = [" ".join((await row.inner_text()).split()) for row in await table.get_by_role("row").all()]
    assert rows == [
        "Statistic Overall Inner Outer",
        "resolution_limit_low Å 1.50 4.10 1.60",
        "resolution_limit_high Å 1.50 4.10 1.60",
        "r_merge 1.50 4.10 1.60",
        "cc_half 1.50 4.10 1.60",
    ]


@pytest.mark.parametrize(
    ("parameters", "groups"),
    [
        ({}, []),
        ({"scanType": 1}, [["General", ["scanType"], []]]),
        ({"MX_a": 1, "SSX_b": 2, "MX_c": 3}, [["MX", ["MX_a", "MX_c"], []], ["SSX", ["SSX_b"], []]]),
        ({"X_overall_r": 1}, [["X", [], [["r", ["overall"]]]]]),
        ({"X_outer_r_inner_q": 1}, [["X", [], [["r_inner_q", ["outer"]]]]]),
        ({"X_inner_r": 1, "X_Y_inner_r": 2}, [["X", [], [["r", ["inner"]], ["Y_r", ["inner"]]]]]),
        ({"X_inner": 1, "inner_r": 2}, [["X", ["X_inner"], []], ["inner", ["inner_r"], []]]),
    ],
)
async def test_parameters_are_grouped_by_what_they_belong_to(
    reader: Reader, parameters: dict[str, int], groups: list[list[Any]]
) -> None:
    await reader.see("#/pending")
    told = await reader.page.evaluate(
        """async said => {
          const { SHELLS, grouped } = await import("./page/parameters.js");
          const all = Object.fromEntries(Object.entries(said).map(([name, value]) => [name, { value }]));
          return grouped(all).map(({ title, parameters, shells }) => [title, parameters.map(([name]) => name),
            shells.map(row => [row.name, SHELLS.filter(shell => row[shell])])]);
        }""",
        parameters,
    )
    assert told == groups


async def test_parameters_are_looked_for_by_name_and_value(reader: Reader) -> None:
    await reader.see(SHOWN)
    await reader.page.get_by_label("Search for a parameter").fill("FLUX")
    await expect(reader.page.locator(".group")).to_have_count(1)
    await reader.page.get_by_label("Search for a parameter").fill("nowhere")
    await expect(reader.page.get_by_text("No parameter has this text")).to_be_visible()


async def test_what_was_sent_is_shown_where_it_says_more_than_the_value(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers[AT] = answers.event(
        {
            "MX_a": {"value": 52.1, "original": "52.10", "unit": "Å"},
            "MX_b": {"value": 150.2, "original": "15.02 cm", "unit": "mm"},
            "MX_c": {"value": None, "original": "high"},
            "MX_flux": {"value": 1e30, "original": "1e30", "unit": "photons/s"},
        }
    )
    await reader.see(SHOWN)
    table = reader.page.get_by_role("table", name="MX", exact=True)
    rows = [" ".join((await row.inner_text()).split()) for row in await table.get_by_role("row").all()]
    assert rows[1:] == ["MX_a 52.10 Å", "MX_b 150.2 mm 15.02 cm", "MX_c high", "MX_flux 1e30 ⚠ photons/s"]


async def test_findings_stand_with_their_cures(reader: Reader) -> None:
    await reader.see(SHOWN)
    said = await reader.page.locator(".findings li").inner_text()
    assert said.split("\n") == ["value_implausible MX_flux", "MX_flux is higher than any", "give it in photons/s"]


async def test_history_says_what_each_revision_changed_and_goes_on(reader: Reader, catalogue: Catalogue) -> None:
    first = {"revisions": [answers.revision(2)], "next": 2}
    catalogue.answers[f"{AT}/revisions"] = lambda fields: (
        {"revisions": [answers.revision(1, changes=[])], "next": None} if fields.get("below") == "2" else first
    )
    await reader.see(SHOWN)
    history = reader.page.locator("section", has=reader.page.get_by_role("heading", name="History"))
    await expect(history).to_contain_text("parameters.MX_flux: 100000000000 → 1000000000000")
    await history.get_by_role("button", name="Older").click()
    await expect(history).to_contain_text("Revision 1 replaced")


async def test_lineage_shows_both_ways_and_what_is_not_here_yet(reader: Reader, catalogue: Catalogue) -> None:
    family = answers.family(answers.node(2), {"dataset_id": answers.RAW.replace("2", "9"), "path": "/data/to/come"})
    family["nodes"].append(answers.node(7, name="refined"))
    family["edges"].append({"child": answers.node(7)["dataset_id"], "parent": DATASET})
    catalogue.answers[f"{AT}/lineage"] = family
    await reader.see(SHOWN)
    lineage = reader.page.locator("section", has=reader.page.get_by_role("heading", name="Lineage"))
    said = " ".join((await lineage.inner_text()).split())
    assert said == (
        "Lineage Made from node-2 mx.raw.datacollection /data/to/come not catalogued yet"
        " Used for refined mx.raw.datacollection"
    )


async def test_a_dataset_that_is_not_catalogued_yet_shows_its_receipts(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers[AT] = Answer({"detail": "no such dataset is catalogued yet"}, 404)
    pending = answers.receipt(state="pending", waits_for=["/data/raw"], waits_for_count=3, deadline=answers.NOON)
    catalogue.answers["receipts"] = {"receipts": [pending], "next": None}
    await reader.see(SHOWN)
    assert await reader.heading() == "Not catalogued yet"
    said = " ".join((await reader.text()).split())
    assert "pending: waits until 2024-11-30 13:00:00 CET" in said
    assert "/data/raw and 2 more" in said


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "committed as revision 2, 2024-11-30 13:00:00 CET"),
        ({"state": "unchanged"}, "unchanged: the same as revision 2"),
        ({"state": "in_flight", "age_seconds": 3.2}, "in flight for 3 s"),
        ({"state": "rejected", "message": "start is not a time", "rejection_id": REJECTION}, "start is not a time"),
    ],
)
async def test_a_receipt_says_how_far_it_has_come(
    reader: Reader, catalogue: Catalogue, facts: dict[str, object], words: str
) -> None:
    catalogue.answers[f"receipts/{RECEIPT}"] = answers.receipt(**facts)
    await reader.see(VIEWS["Receipt"])
    assert words in await fact(reader, "State")
    is_catalogued = facts.get("state", "committed") in ("committed", "unchanged")
    await expect(reader.page.get_by_role("link", name="in the catalogue")).to_have_count(int(is_catalogued))
    original = reader.page.get_by_role("link", name="with the original event")
    await expect(original).to_have_count(int("rejection_id" in facts))


async def test_rejections_are_those_that_are_open_until_others_are_asked_for(
    reader: Reader, catalogue: Catalogue
) -> None:
    resolved = {"dataset_id": DATASET, "revision": 3, "committed_at": answers.NOON}
    catalogue.answers["rejections"] = lambda fields: {
        "rejections": [answers.rejection(resolved=None if fields["state"] == "open" else resolved)],
        "next": None,
    }
    await reader.see("#/rejections")
    assert catalogue.last("rejections") == {"state": "open"}
    await reader.page.get_by_label("Code").fill("dataset_invalid")
    await reader.page.get_by_label("Since").fill("2024-11-30")
    await reader.page.get_by_label("State").select_option("open and resolved")
    await reader.page.get_by_role("button", name="Find").click()
    await expect(reader.page.get_by_text("resolved: revision 3 was committed")).to_be_visible()
    assert catalogue.last("rejections") == {"state": "all", "code": "dataset_invalid", "since": "2024-11-30"}
    await expect(reader.page.get_by_role("link", name="revision 3")).to_have_attribute("href", f"#/datasets/{DATASET}")


async def test_rejections_are_counted_by_code_and_producer_and_lead_to_each(
    reader: Reader, catalogue: Catalogue
) -> None:
    await reader.see("#/rejections?beamline=id30a-3")
    await reader.page.get_by_role("link", name="By code and producer").click()
    table = reader.page.get_by_role("table", name="Rejections by code and producer")
    await expect(table).to_contain_text("1,200")
    await expect(
        reader.page.get_by_text("Since 2024-11-30 13:00:00 CET. Not all rejections are counted")
    ).to_be_visible()
    assert catalogue.last("rejections/summary") == {"state": "open", "beamline": "id30a-3"}
    await table.get_by_role("link", name="dataset_invalid").click()
    await expect(reader.page.get_by_role("table", name="Rejections", exact=True)).to_be_visible()
    wanted = {"state": "open", "beamline": "id30a-3", "code": "dataset_invalid", "producer": "/producers/id30a-3"}
    assert catalogue.last("rejections") == wanted


async def test_a_page_without_rejections_leads_to_those_further_back(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["rejections"] = lambda fields: {
        "rejections": [answers.rejection()] if "cursor" in fields else [],
        "next": None if "cursor" in fields else "back",
    }
    await reader.see("#/rejections")
    await reader.page.get_by_role("button", name="More").click()
    await expect(reader.page.get_by_role("table")).to_contain_text("dataset_invalid")
    assert catalogue.last("rejections") == {"state": "open", "cursor": "back"}


async def test_a_rejection_shows_what_was_sent_laid_out_and_as_it_came(reader: Reader) -> None:
    await reader.see(VIEWS["Rejection"])
    sent = reader.page.get_by_label("What was sent")
    assert await sent.inner_text() == '{\n  "name": "autoPROC",\n  "start": 1.50\n}'
    await reader.page.get_by_role("button", name="As it was sent").click()
    assert await sent.inner_text() == '{"name":"autoPROC","start":1.50}'
    await expect(reader.page.get_by_role("link", name="in the catalogue")).to_be_visible()
    await expect(reader.page.locator(".findings")).to_contain_text("give it in photons/s")


async def test_what_was_sent_is_laid_out_without_being_changed(reader: Reader) -> None:
    texts = [
        "",
        "{}",
        "[]",
        '{"a":[],"b":{}}',
        '[1,[2,{"c":"x\\"{,"}]]',
        "no json",
        '{"a":tru "b"',
        '"\\',
        "}}]]",
        "1.50",
    ]
    await reader.see("#/pending")
    shown = await reader.page.evaluate(
        'async texts => { const { indented } = await import("./page/json.js"); return texts.map(indented); }', texts
    )
    assert ["".join(text.split()) for text in shown] == ["".join(text.split()) for text in texts]
    assert shown[3] == '{\n  "a": [],\n  "b": {}\n}'


@pytest.mark.parametrize(
    ("facts", "words"),
    [({"value_text": None}, "It is not text."), ({"value_text": None, "value_base64": None}, "the record has no body")],
)
async def test_a_rejection_of_what_is_no_text_says_so(
    reader: Reader, catalogue: Catalogue, facts: dict[str, object], words: str
) -> None:
    nameless: dict[str, Any] = {"path": None, "receipt_id": None, "dataset_id": None, "producer": None, "findings": []}
    catalogue.answers[f"rejections/{REJECTION}"] = answers.rejection_in_full(**nameless, **facts)
    await reader.see(VIEWS["Rejection"])
    assert words in await reader.text()


async def test_what_waits_says_for_what_until_when_and_what_may_be_meant(reader: Reader) -> None:
    await reader.see("#/pending?beamline=id30a-3")
    said = " ".join((await reader.page.get_by_role("table").inner_text()).split())
    assert "/RAW_DATA/Fus/run_O1 Catalogued with a similar path: /data/" in said
    assert "2024-11-30 13:00:00 CET" in said
    await expect(reader.page.get_by_role("link", name="autoPROC", exact=True)).to_have_attribute(
        "href", f"#/receipts/{RECEIPT}?dataset_id={DATASET}"
    )


async def test_what_waits_is_filtered_and_shown_whatever_is_not_known_of_it(
    reader: Reader, catalogue: Catalogue
) -> None:
    unknown = dict.fromkeys(("name", "kind", "proposal", "beamline", "producer", "deadline", "near"))
    catalogue.answers["pending"] = {"pending": [answers.waiting(**unknown)], "count": 1, "next": None}
    await reader.see("#/pending")
    await reader.page.get_by_label("Waits for").fill("/data/raw")
    await reader.page.get_by_role("button", name="Find").click()
    await expect(reader.page.get_by_role("link", name="Remove waits for: /data/raw")).to_be_visible()
    assert catalogue.last("pending") == {"waits_for": "/data/raw"}
    await expect(reader.page.get_by_role("link", name="autoPROC", exact=True)).to_be_visible()
