"""The page asks, waits, goes on and says in words what is wrong."""

import pytest
from playwright.async_api import expect

from tests.builders.browser import Answer, Catalogue, Reader
from tests.flow.page import answers
from tests.flow.page.answers import DATASET, RECEIPT, REJECTION, VIEWS

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

ASKED = {
    "Datasets": "datasets",
    "autoPROC": f"datasets/{DATASET}",
    "Receipt": f"receipts/{RECEIPT}",
    "Rejections": "rejections",
    "Rejection": f"rejections/{REJECTION}",
    "Pending": "pending",
}
"""By the heading of a view, what it asks."""


@pytest.mark.parametrize("heading", VIEWS)
async def test_a_slow_answer_never_replaces_the_view_that_one_has_gone_on_to(
    reader: Reader, catalogue: Catalogue, heading: str
) -> None:
    other = "Receipt" if heading != "Receipt" else "Pending"
    held = catalogue.hold(ASKED[heading])
    await reader.open(VIEWS[heading])
    await catalogue.until_asked(ASKED[heading])
    await reader.go(VIEWS[other])
    await reader.settled()
    held.set()
    await expect(reader.page.locator("h1")).to_have_text(other)
    await reader.page.evaluate("new Promise(resolve => setTimeout(resolve))")
    assert await reader.heading() == other
    assert ASKED[heading] in reader.given_up


async def test_a_further_page_that_comes_late_is_forgotten(reader: Reader, catalogue: Catalogue) -> None:
    at = f"datasets/{DATASET}/lineage"
    catalogue.answers[at] = answers.family(answers.node(2), following=200)
    catalogue.answers["datasets"] = answers.found(answers.row(), following="second")
    for view, button, path in (("#/", "More", "datasets"), (VIEWS["autoPROC"], "More of the lineage", at)):
        await reader.see(view)
        held, before = catalogue.hold(path), catalogue.times(path)
        await reader.page.get_by_role("button", name=button, exact=True).click()
        await catalogue.until_asked(path, before + 1)
        await reader.go("#/pending")
        await expect(reader.page.locator("h1")).to_have_text("Pending")
        held.set()
    assert await reader.heading() == "Pending"


async def test_a_further_page_is_added_and_the_last_one_ends_it(reader: Reader, catalogue: Catalogue) -> None:
    second = answers.found(answers.row(name="second", dataset_id=answers.RAW))
    catalogue.answers["datasets"] = lambda fields: (
        second if "cursor" in fields else answers.found(answers.row(), following="next")
    )
    await reader.see("#/?q=auto")
    await reader.page.get_by_role("button", name="More").click()
    await expect(reader.page.get_by_role("link", name="second")).to_be_visible()
    await expect(reader.page.get_by_role("button", name="More")).to_be_hidden()
    assert catalogue.last("datasets") == {"q": "auto", "cursor": "next"}


async def test_a_further_page_that_fails_is_asked_again_where_it_stands(reader: Reader, catalogue: Catalogue) -> None:
    second = answers.found(answers.row(name="second"))
    catalogue.answers["datasets"] = lambda fields: (
        second if "cursor" in fields else answers.found(answers.row(), following="next")
    )
    await reader.see("#/")
    await reader.lose_the_network()
    await reader.page.get_by_role("button", name="More").click()
    await expect(reader.page.get_by_text("The catalogue does not answer")).to_be_visible()
    await reader.lose_the_network(is_lost=False)
    await reader.page.get_by_role("button", name="More").click()
    await expect(reader.page.get_by_role("link", name="second")).to_be_visible()
    await expect(reader.page.get_by_text("does not answer")).to_have_count(0)


async def test_loading_is_shown_and_what_was_there_stays_meanwhile(reader: Reader, catalogue: Catalogue) -> None:
    await reader.see("#/")
    held = catalogue.hold("pending")
    await reader.go("#/pending")
    await expect(reader.page.locator("main")).to_have_attribute("aria-busy", "true")
    await expect(reader.page.locator(".loading")).to_be_visible()
    assert await reader.heading() == "Datasets"
    held.set()
    await expect(reader.page.locator(".loading")).to_be_hidden()
    assert await reader.heading() == "Pending"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(text="<html>Bad gateway", status=502), "status 502"),
        (Answer(text="<html>of a proxy"), "status 200"),
        (Answer(text="", status=500), "status 500"),
    ],
)
async def test_what_does_not_answer_is_said_in_words_and_asked_again(
    reader: Reader, catalogue: Catalogue, answer: Answer, words: str
) -> None:
    catalogue.answers["datasets"] = [answer, answers.found(answers.row())]
    await reader.see("#/")
    assert await reader.heading() == "The catalogue does not answer"
    said = await reader.text()
    assert words in said
    assert "fetch" not in said
    assert "JSON" not in said
    await reader.page.get_by_role("button", name="Try again").click()
    await expect(reader.page.locator("h1")).to_have_text("Datasets")


async def test_an_interrupted_network_is_said_in_words_and_tried_again(reader: Reader) -> None:
    await reader.see("#/")
    await reader.lose_the_network()
    await reader.go("#/pending")
    await expect(reader.page.locator("h1")).to_have_text("The catalogue does not answer")
    assert "fetch" not in await reader.text()
    await reader.lose_the_network(is_lost=False)
    await reader.page.get_by_role("button", name="Try again").click()
    await expect(reader.page.locator("h1")).to_have_text("Pending")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_catalogue_that_is_busy_is_asked_again_when_it_says(
    reader: Reader, catalogue: Catalogue, status: int
) -> None:
    busy = Answer({"detail": "the database is away"}, status, {"Retry-After": "1"})
    catalogue.answers["pending"] = [busy, {"pending": [], "count": 0, "next": None}]
    await reader.open("#/pending")
    await expect(reader.page.locator("#status")).to_have_text("The catalogue is busy. Trying again in 1 s …")
    await expect(reader.page.locator("h1")).to_have_text("Pending")
    await expect(reader.page.locator("#status")).to_have_text("0 datasets waiting.")


async def test_a_defect_and_what_is_not_found_are_said_in_the_catalogues_words(
    reader: Reader, catalogue: Catalogue
) -> None:
    catalogue.answers["datasets"] = Answer({"detail": "a defect of beamcat stopped this request"}, 500)
    await reader.see("#/")
    assert "a defect of beamcat stopped this request" in await reader.text()
    await reader.see("#/rejections/unknown")
    assert await reader.heading() == "Not found"
    for nowhere in ("#/nowhere", "#/constructor", "#/datasets", "#/pending/1"):
        await reader.see(nowhere)
        assert await reader.heading() == "There is no such page"


async def test_a_catalogue_without_a_route_says_that_it_has_none(reader: Reader, catalogue: Catalogue) -> None:
    del catalogue.answers["pending"]
    await reader.see("#/pending")
    assert "there is no /pending" in await reader.text()


async def test_each_view_has_a_title_and_takes_the_focus_to_its_heading(reader: Reader) -> None:
    await reader.see("#/")
    for heading, address in list(VIEWS.items())[1:]:
        await reader.go(address)
        await expect(reader.page.locator("h1")).to_have_text(heading)
        await expect(reader.page.locator("h1")).to_be_focused()
        assert heading in await reader.page.title()


async def test_the_keyboard_skips_to_the_content(reader: Reader) -> None:
    await reader.see("#/")
    await reader.page.keyboard.press("Tab")
    await expect(reader.page.locator(".skip")).to_be_focused()
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.locator("main")).to_be_focused()
    assert await reader.heading() == "Datasets"


async def test_the_address_of_before_shows_the_view_of_before(reader: Reader) -> None:
    await reader.see("#/pending")
    await reader.go("#/rejections")
    await expect(reader.page.locator("h1")).to_have_text("Rejections")
    await reader.page.go_back()
    await expect(reader.page.locator("h1")).to_have_text("Pending")
    await expect(reader.page.locator("nav a[aria-current]")).to_have_text("Pending")
