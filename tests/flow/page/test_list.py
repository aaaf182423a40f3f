"""The list of datasets: what can be asked, and how its answer is shown."""

import pytest
from playwright.async_api import expect

from tests.builders.browser import Answer, Catalogue, Reader
from tests.flow.page import answers

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

HUNDRED = {f"lyso,{number}": 200 - number for number in range(100)}


async def test_all_values_of_a_facet_are_shown_and_looked_through(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["datasets"] = answers.found(answers.row(), sample=HUNDRED)
    await reader.see("#/")
    facet = reader.page.get_by_role("group", name="sample")
    await expect(facet.get_by_role("checkbox")).to_have_count(8)
    await facet.get_by_role("button", name="Show the 100 most frequent").click()
    await expect(facet.get_by_role("checkbox")).to_have_count(100)
    await facet.get_by_role("searchbox").fill("LYSO,9")
    await expect(facet.get_by_role("checkbox")).to_have_count(11)


async def test_several_values_of_a_facet_are_chosen_also_with_commas(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["datasets"] = answers.found(answers.row(), sample={"lyso, native": 3, "Fus": 2, "jet": 1})
    await reader.see("#/?q=auto")
    for value in ("lyso, native", "jet"):
        await reader.page.get_by_role("checkbox", name=value).check()
        await expect(reader.page.get_by_role("link", name=f"Remove sample: {value}")).to_be_visible()
    asked = [fields for path, fields in catalogue.asked if path == "datasets"][-2:]
    whole, beside = sorted(asked, key=lambda fields: "limit" in fields)
    assert (whole["q"], whole["sample"]) == ("auto", r"lyso\, native,jet")
    assert "sample" not in beside
    assert beside["facets"] == "sample"
    await expect(reader.page.get_by_role("checkbox", name="lyso, native")).to_be_checked()
    await expect(reader.page.get_by_role("checkbox", name="Fus")).not_to_be_checked()
    await expect(reader.page.get_by_role("checkbox", name="jet")).to_be_focused()


async def test_a_chosen_value_that_nothing_has_can_be_taken_back(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["datasets"] = answers.found()
    await reader.see("#/?technique=XRF")
    await expect(reader.page.get_by_text("No dataset matches.")).to_be_visible()
    await reader.page.get_by_role("link", name="Remove technique: XRF").click()
    await expect(reader.page.get_by_role("link", name="Remove technique: XRF")).to_have_count(0)
    assert "technique" not in catalogue.last("datasets")


async def test_each_filter_is_removed_by_itself(reader: Reader) -> None:
    await reader.see(
        "#/?q=auto&technique=MX,SSX&parameters=MX_flux,MX_resolution~lt~2&startDate=2024-11-30&has_warnings=true"
    )
    chips = reader.page.locator(".chip")
    assert [await chip.get_attribute("aria-label") for chip in await chips.all()] == [
        "Remove words: auto",
        "Remove technique: MX",
        "Remove technique: SSX",
        "Remove parameters: MX_flux",
        "Remove parameters: MX_resolution~lt~2",
        "Remove from: 2024-11-30",
        "Remove only: with warnings",
    ]
    await reader.page.get_by_role("link", name="Remove technique: MX").click()
    await expect(reader.page.get_by_role("link", name="Remove technique: MX")).to_have_count(0)
    assert "technique=SSX" in await reader.address()
    await reader.page.get_by_role("link", name="Remove all").click()
    await expect(chips).to_have_count(0)


async def test_words_parameters_and_dates_are_asked_together(reader: Reader, catalogue: Catalogue) -> None:
    await reader.see("#/?technique=MX")
    await reader.page.get_by_label("Words").fill(" lyso ")
    await reader.page.get_by_label("Started from").fill("2024-11-30")
    await reader.page.get_by_label("Started until").fill("2024-12-01")
    await reader.page.get_by_label("Parameters").fill("MX_flux~gteq~1e12")
    await reader.page.get_by_label("Parameters").press("Enter")
    await expect(reader.page.get_by_role("link", name="Remove until: 2024-12-01")).to_be_visible()
    whole = next(fields for path, fields in reversed(catalogue.asked) if path == "datasets" and "count" in fields)
    wanted = {"q": "lyso", "startDate": "2024-11-30", "endDate": "2024-12-01", "parameters": "MX_flux~gteq~1e12"}
    assert whole | wanted | {"technique": "MX"} == whole


async def test_faults_of_a_query_stand_beside_their_fields_with_their_cures(
    reader: Reader, catalogue: Catalogue
) -> None:
    faults = [
        {"field": "parameters", "message": "'zz' is not an operator; the operators are eq, like, gt"},
        {"field": "sorted", "message": "no such field; did you mean sort?"},
    ]
    catalogue.answers["datasets"] = Answer({"detail": "parameters: 'zz' is not an operator", "errors": faults}, 422)
    await reader.see("#/?parameters=MX_flux~zz~1&sorted=name")
    field = reader.page.get_by_role("textbox", name="Parameters")
    await expect(field).to_have_accessible_description("'zz' is not an operator; the operators are eq, like, gt")
    await expect(field).to_have_value("MX_flux~zz~1")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(reader.page.locator(".faults")).to_have_text("sorted: no such field; did you mean sort?")
    await expect(reader.page.get_by_role("link", name="Remove sorted: name")).to_be_visible()


async def test_rows_are_sorted_by_keyboard(reader: Reader, catalogue: Catalogue) -> None:
    await reader.see("#/")
    started = reader.page.get_by_role("columnheader", name="Started")
    await expect(started).to_have_attribute("aria-sort", "descending")
    sort = reader.page.get_by_role("button", name="Dataset")
    for order in ("ascending", "descending"):
        await sort.focus()
        await reader.page.keyboard.press("Enter")
        await expect(reader.page.get_by_role("columnheader", name="Dataset")).to_have_attribute("aria-sort", order)
        await expect(sort).to_be_focused()
        assert catalogue.last("datasets") | {"sort": "name", "order": order[:3].replace("des", "desc")} == (
            catalogue.last("datasets")
        )
    await expect(started).to_have_attribute("aria-sort", "none")


async def test_what_is_sorted_by_a_parameter_says_so(reader: Reader) -> None:
    await reader.see("#/?sort=MX_resolution&order=asc")
    await expect(reader.page.get_by_role("link", name="Remove sorted by: MX_resolution")).to_be_visible()


async def test_a_time_has_seconds_and_its_zone_and_can_be_read_by_programs(reader: Reader) -> None:
    await reader.see("#/")
    time = reader.page.locator("td time")
    await expect(time).to_have_text("2024-11-30 13:00:00 CET")
    await expect(time).to_have_attribute("datetime", answers.NOON)
    await expect(reader.page.locator("footer")).to_have_text("Times are in Europe/Paris.")


async def test_a_list_is_taken_out_as_csv_with_its_filters(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["datasets"] = answers.found(answers.row(), count=1234)
    await reader.see("#/?technique=MX")
    sheet = reader.page.get_by_role("link", name="CSV of the first 500")
    await expect(sheet).to_have_attribute("href", "datasets?technique=MX&format=csv&limit=500")
    await expect(reader.page.locator("#status")).to_have_text("1,234 datasets found.")


async def test_what_one_types_while_an_answer_comes_is_kept(reader: Reader, catalogue: Catalogue) -> None:
    await reader.see("#/")
    held = catalogue.hold("datasets")
    await reader.go("#/?technique=MX")
    await catalogue.until_asked("datasets", 2)
    await reader.page.get_by_label("Words").fill("lyso")
    held.set()
    await reader.settled()
    await expect(reader.page.get_by_label("Words")).to_have_value("lyso")
    await expect(reader.page.get_by_label("Words")).to_be_focused()
