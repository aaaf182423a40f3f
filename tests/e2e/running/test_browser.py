"""What a person sees in a browser, beside a running beamcat."""

from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import expect

from tests.builders.browser import NARROW, WIDE, Reader, chromium
from tests.builders.terminal import ROOT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

EXAMPLES = [str(ROOT / "examples" / name) for name in ("2-two-kappa-merge.json", "4-wrong-value.json")]
WAITING = str(ROOT / "examples" / "6-missing-input.json")
PROCESSED = "/data/visitor/mx1111/id30a3/20241130/PROCESSED_DATA/Fus_RAC1b"


def hand_in(facility: Facility) -> str:
    """Two merged sweeps, a wrong value and a dataset that waits; the rejection's id."""
    beamcat(facility.folder, "submit", *EXAMPLES)
    beamcat(facility.folder, "submit", WAITING)
    with httpx.Client(base_url=facility.running["BEAMCAT_SEARCH_URL"]) as search:
        found = search.get("/rejections", params={"finding": "start_invalid"}).json()["rejections"]
        return str(found[0]["rejection_id"])


async def test_every_view_shows_what_was_handed_in_to_everyone(facility: Facility) -> None:
    rejection_id = hand_in(facility)
    url = facility.running["BEAMCAT_SEARCH_URL"]
    async with httpx.AsyncClient(base_url=url) as search:
        event = (await search.get("/datasets/by-path", params={"path": f"{PROCESSED}/run_02/autoPROC_merged"})).json()
    merged, receipt = event["commit"]["dataset_id"], event["commit"]["receipt_id"]
    async with chromium() as tab:
        reader = Reader(tab, url)
        for address, words in (
            ("#/?q=Fus_RAC1b&technique=MX", "autoPROC-merged"),
            (f"#/datasets/{merged}", "MXAutoprocIntegrationScaling by resolution shell"),
            (f"#/receipts/{receipt}", "committed as revision"),
            ("#/rejections?finding=start_invalid", "'30 November, noon' is not a date and time"),
            ("#/rejections?group=true", "dataset_invalid"),
            (f"#/rejections/{rejection_id}", '"start": "30 November, noon"'),
            (f"#/pending?path={quote(PROCESSED)}/run_06/autoPROC", "run_06_datacollection"),
        ):
            await reader.see(address)
            await expect(tab.locator("main")).to_contain_text(words)
            for width in (NARROW, WIDE):
                await tab.set_viewport_size({"width": width, "height": 900})
                assert await reader.overflow() <= 0, address
            assert await reader.barriers() == [], address
        assert reader.complaints == []


async def test_a_person_finds_a_dataset_and_what_it_was_made_from(facility: Facility) -> None:
    hand_in(facility)
    async with chromium() as tab:
        reader = Reader(tab, facility.running["BEAMCAT_SEARCH_URL"])
        await reader.see("#/")
        await tab.get_by_label("Words").fill("merged")
        await tab.get_by_role("button", name="Find").click()
        await tab.get_by_role("link", name="autoPROC-merged", exact=True).click()
        await expect(tab.locator("h1")).to_have_text("autoPROC-merged")
        async with tab.expect_download() as started:
            await tab.get_by_role("link", name="mmCIF").click()
        assert (await started.value).suggested_filename.endswith(".cif")
        await tab.get_by_role("link", name="kappa-30", exact=True).click()
        await expect(tab.locator("h1")).to_have_text("kappa-30")
        await tab.locator("dl").get_by_role("link", name="Structure of Fus RAC1b").click()
        await expect(tab.get_by_role("heading", name="Datasets")).to_be_visible()
        await expect(tab.get_by_role("link", name="autoPROC-merged", exact=True)).to_be_visible()
        assert reader.complaints == []
