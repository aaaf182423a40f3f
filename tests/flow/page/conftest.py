"""One browser, with one tab, and one site for all tests of the page."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.builders.browser import WIDE, Catalogue, Reader, Site, chromium, serving
from tests.flow.page import answers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab() -> AsyncIterator[Page]:
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    async with serving() as served:
        yield served


@pytest.fixture
def catalogue(site: Site) -> Iterator[Catalogue]:
    """A catalogue that has a little of everything."""
    site.catalogue = Catalogue(answers.everything())
    yield site.catalogue
    site.catalogue.release()


@pytest_asyncio.fixture(loop_scope="session")
async def reader(tab: Page, site: Site, catalogue: Catalogue) -> AsyncIterator[Reader]:
    """Someone at the page; the browser has nothing to complain of."""
    assert site.catalogue is catalogue
    await tab.set_viewport_size({"width": WIDE, "height": 900})
    await tab.emulate_media(color_scheme="light", media="screen")
    one = Reader(tab, site.origin)
    yield one
    one.leave()
    assert one.complaints == []
