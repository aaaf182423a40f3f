"""The web page: files that are read when the service starts. A browser fetches only changed files again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

from shared.http.route import ProblemRoute

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Cache-Control": "no-cache",  # kept, and asked for again with its tag: a new version is seen at once
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class PageFile:
    """One file as it is served."""

    content: bytes
    media_type: str
    tag: str


def page_files(time_zone: str) -> dict[str, PageFile]:
    """The files of the page by name. The page shows times in this zone."""
    return {
        path.name: _page_file(path.read_text(encoding="utf-8").replace("{time_zone}", time_zone), path.suffix)
        for path in sorted(FOLDER.iterdir())
    }


def _page_file(text: str, suffix: str) -> PageFile:
    content = text.encode()
    return PageFile(content, MEDIA_TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def page_routes(time_zone: str) -> APIRouter:
    """The page at `/`, and what it loads below `/page/`."""
    router = APIRouter(route_class=ProblemRoute)
    files = page_files(time_zone)

    @router.get("/", include_in_schema=False)
    async def show_page(request: Request) -> Response:
        return _answer(request, files[INDEX])

    @router.get("/page/{name}", include_in_schema=False)
    async def show_file(request: Request, name: str) -> Response:
        if name not in files or name == INDEX:
            raise HTTPException(404, "the web page has no such file")
        return _answer(request, files[name])

    return router


def _answer(request: Request, file: PageFile) -> Response:
    headers = HEADERS | {"ETag": file.tag}
    if file.tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
