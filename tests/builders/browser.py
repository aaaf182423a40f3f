"""The web page in a real browser, with the answers of a test behind it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI, Request, Response
from playwright.async_api import ConsoleMessage, Error, Page, async_playwright, expect
from playwright.async_api import Request as Asked

from services.search.routes.web import page_routes
from shared.http.server import HttpConfig, HttpServer
from shared.http.settings import HttpSettings

TIME_ZONE = "Europe/Paris"
WIDE, NARROW = 1280, 390
PATIENCE_MILLISECONDS = 60_000
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
TOLD_OF_REFUSALS = "Failed to load resource"
"""How Chromium logs an unsuccessful answer. The page shows it too, in words."""

Fields = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer of the catalogue that is not simply JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None

    def response(self) -> Response:
        """The response to send."""
        body = json.dumps(self.body) if self.text is None else self.text
        return Response(body, self.status, self.headers, media_type="application/json")


class Catalogue:
    """The answers of the catalogue by path, and its requests so far. A path can be held, as if the answer were slow."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Fields]] = []
        self._arrived = asyncio.Condition()
        self._held: dict[str, asyncio.Event] = {}

    def hold(self, path: str) -> asyncio.Event:
        """Answer this path only when the event is set."""
        self._held[path] = asyncio.Event()
        return self._held[path]

    def times(self, path: str) -> int:
        """How often a path was requested."""
        return sum(asked == path for asked, _ in self.asked)

    def last(self, path: str) -> Fields:
        """The fields of the last request for a path."""
        return next(fields for asked, fields in reversed(self.asked) if asked == path)

    async def until_asked(self, path: str, times: int = 1) -> None:
        """Wait until a path was requested this often."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.times(path) >= times)

    async def answer(self, path: str, fields: Fields) -> Response:
        """Answer one request of the browser."""
        async with self._arrived:
            self.asked.append((path, fields))
            self._arrived.notify_all()
        if path in self._held:
            await self._held[path].wait()
        answer = self.answers.get(path, Answer({"detail": f"there is no /{path}"}, 404))
        if callable(answer):
            answer = answer(fields)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer.response() if isinstance(answer, Answer) else Answer(answer).response()

    def release(self) -> None:
        """Release every held path."""
        for held in self._held.values():
            held.set()


class Site:
    """The page and a catalogue behind it, on their own port. Each test sets its catalogue."""

    def __init__(self) -> None:
        self.catalogue = Catalogue({})
        self.origin = ""

    def app(self) -> FastAPI:
        """The part of search that the page uses."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(page_routes(TIME_ZONE))

        @app.get("/{path:path}")
        async def answer(path: str, request: Request) -> Response:
            return await self.catalogue.answer(path, dict(request.query_params))

        return app


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    """Serve the site until the block ends."""
    site = Site()
    server = HttpServer(HttpConfig(site.app(), HttpSettings()))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  it sets no event
        await asyncio.sleep(0)
    site.origin = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield site
    server.should_exit = True
    await task


class Reader:
    """A person who opens views of the page and reads them."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self._origin = origin
        self.complaints: list[str] = []
        self.given_up: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", self._note_error)
        page.on("requestfailed", self._note_failure)

    def leave(self) -> None:
        """Stop listening to the page."""
        self.page.remove_listener("console", self._note)
        self.page.remove_listener("pageerror", self._note_error)
        self.page.remove_listener("requestfailed", self._note_failure)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(TOLD_OF_REFUSALS):
            self.complaints.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _note_failure(self, request: Asked) -> None:
        if request.failure == "net::ERR_ABORTED":
            self.given_up.append(urlsplit(request.url).path.removeprefix("/"))

    async def open(self, address: str = "#/") -> None:
        """Load the page at an address, without waiting for its view."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self._origin}/{address}")

    async def lose_the_network(self, *, is_lost: bool = True) -> None:
        """Disconnect the network, or connect it again."""
        await self.page.context.set_offline(is_lost)

    async def go(self, address: str) -> None:
        """Go to another view, without waiting for it."""
        await self.page.evaluate("address => { location.hash = address }", address)

    async def settled(self) -> None:
        """Wait until the view is shown."""
        await self.page.wait_for_selector('main[aria-busy="false"]')

    async def see(self, address: str) -> None:
        """Load the page at an address, and wait for its view."""
        await self.open(address)
        await self.settled()

    async def heading(self) -> str:
        """The heading of the view. There is only one."""
        return await self.page.locator("h1").inner_text()

    async def text(self) -> str:
        """The whole text of the view."""
        return await self.page.locator("main").inner_text()

    async def address(self) -> str:
        """The address of the page."""
        return str(await self.page.evaluate("decodeURIComponent(location.hash)"))

    async def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    async def barriers(self, *rules: str) -> list[str]:
        """The accessibility faults that axe-core finds, by all its rules or by these."""
        results = await Axe().run(
            self.page, options={"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        )
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """A tab in the browser of this machine."""
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None:
        pytest.skip(f"there is none of {', '.join(CHROMIUMS)} here: on Debian, apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program)
        tab = await browser.new_page()
        tab.set_default_timeout(PATIENCE_MILLISECONDS)
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        yield tab
        await browser.close()
