"""The page is for everyone: with any window, by day and night, and whatever a producer wrote."""

import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.builders.browser import NARROW, WIDE, Answer, Catalogue, Reader
from tests.flow.page import answers
from tests.flow.page.answers import VIEWS

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

MARKUP = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>\'"&amp;'
LONG = "x" * 10_000
ADDRESSES = [*VIEWS.values(), "#/?q=auto&technique=MX,XRF&startDate=2024-11-30", "#/rejections?group=true", "#/nowhere"]
TOLD = {"name", "sample", "path", "message", "cure", "title", "original", "software", "producer", "detail"}
"""Members whose text a producer chooses."""


def written(answer: Any, text: str) -> Any:
    """An answer in which everything that a producer writes is this text."""
    if isinstance(answer, list):
        return [written(each, text) for each in answer]
    if isinstance(answer, dict):
        return {
            name: text if name in TOLD and isinstance(value, str) else written(value, text)
            for name, value in answer.items()
        }
    return answer


def full_of(text: str) -> dict[str, Any]:
    """A catalogue full of one text, also as the name and the value of a parameter."""
    told = {path: written(answer, text) for path, answer in answers.everything().items()}
    parameters = {f"MX_{text}": {"value": text, "original": "x"}, f"MX_inner_{text}": {"value": text, "original": "x"}}
    told[f"datasets/{answers.DATASET}"]["document"]["parameters"] = parameters
    told["datasets"]["facets"]["sample"] = [{"value": text, "count": 1}]
    told["pending"]["pending"][0]["waits_for"] = [text]
    told["pending"]["pending"][0]["near"] = [{"path": text, "near": [text]}]
    told[f"rejections/{answers.REJECTION}"]["value_text"] = json.dumps({text: text})
    return told


@pytest.mark.parametrize("address", ADDRESSES)
async def test_nothing_keeps_a_view_from_anyone(reader: Reader, address: str) -> None:
    await reader.see(address)
    for width in (WIDE, NARROW):
        await reader.page.set_viewport_size({"width": width, "height": 900})
        assert await reader.barriers() == [], f"at {width} pixels"
        assert await reader.overflow() <= 0, f"at {width} pixels"
    await expect(reader.page.locator("h1")).to_have_count(1)
    await reader.page.emulate_media(color_scheme="dark")
    assert await reader.barriers("color-contrast") == []


async def test_faults_keep_nobody_from_mending_them(reader: Reader, catalogue: Catalogue) -> None:
    faults = [{"field": name, "message": "not so"} for name in ("q", "parameters", "startDate", "foo")]
    catalogue.answers["datasets"] = Answer({"detail": "no", "errors": faults}, 422)
    await reader.see("#/?q=a&foo=b")
    assert await reader.barriers() == []


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_a_producer_wrote_is_text_and_never_markup_and_widens_no_page(
    reader: Reader, catalogue: Catalogue, address: str
) -> None:
    catalogue.answers = full_of(MARKUP)
    await reader.see(address)
    assert await reader.page.evaluate("window.harmed") is None
    assert await reader.page.locator("main img, main script").count() == 0
    if address != "#/nowhere":
        assert "<img src=x" in await reader.text()
    catalogue.answers = full_of(LONG)
    await reader.see(address)
    for width in (WIDE, NARROW):
        await reader.page.set_viewport_size({"width": width, "height": 900})
        assert await reader.overflow() <= 0, f"at {width} pixels"


async def test_a_long_text_is_shown_whole_when_it_is_asked_for(reader: Reader, catalogue: Catalogue) -> None:
    catalogue.answers["rejections"] = {"rejections": [answers.rejection(message=LONG)], "next": None}
    await reader.see("#/rejections")
    assert LONG not in await reader.text()
    await reader.page.get_by_role("button", name="Show all 10,000 characters").click()
    assert LONG in await reader.text()
    await reader.page.get_by_role("button", name="Show less").click()
    assert LONG not in await reader.text()


async def test_on_paper_there_is_what_was_found_and_nothing_to_click(reader: Reader) -> None:
    await reader.see("#/")
    await reader.page.emulate_media(media="print")
    await expect(reader.page.locator("header, form, .facets").filter(visible=True)).to_have_count(0)
    await expect(reader.page.get_by_role("link", name="autoPROC")).to_be_visible()
