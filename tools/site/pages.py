"""What the site adds to the pages, so that they stay plain Markdown in the repository.

- Navigation: the indexes list their pages already; the site takes the order and the headings from them.
- References: a service's page ends with its HTTP routes, from its OpenAPI document, and the client's page with its API.
- Links to folders of the repository, which the site has no page for, become plain text.
"""

import json
import re
from pathlib import Path

from docutils.nodes import document
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from tools.site.openapi import http_reference

INDEXES = ("docs/README", "docs/adr/README")
OPENAPI = Path("schemas/openapi")
"""Where `make contracts` writes the OpenAPI document of each service."""
CLIENT = """

## Reference

```{eval-rst}
.. automodule:: beamcat_client
   :members:
   :inherited-members: Exception
   :exclude-members: __init__
```
"""


def navigation(index: str) -> str:
    """The pages that an index links to, under its own headings."""
    sections = re.split(r"^(?:\*\*|## )(.+?)(?:\*\*)?$", index, flags=re.MULTILINE)
    titled = [("", sections[0]), *zip(sections[1::2], sections[2::2], strict=True)]
    parts, listed = [], set[str]()
    for title, text in titled:
        found = dict.fromkeys(re.findall(r"\]\(([\w./-]+)\.md\)", text))
        if pages := [page for page in found if page not in listed]:
            caption = [f":caption: {title}"] if title else []
            parts.append("\n".join(["```{toctree}", ":hidden:", *caption, *pages, "```"]))
            listed.update(pages)
    return "\n\n" + "\n\n".join(parts) + "\n"


def extend(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add to a page what only the site has."""
    folder, _, name = docname.rpartition("/")
    openapi = Path(app.srcdir) / OPENAPI / f"{name}.json"
    if docname in INDEXES:
        source[0] += navigation(source[0])
    elif docname == "docs/client":
        source[0] += CLIENT
    elif folder == "docs/services" and openapi.exists():
        source[0] += http_reference(name, json.loads(openapi.read_text(encoding="utf-8")))


def folders_as_text(app: Sphinx, doctree: document) -> None:
    """Take the link from what leads to a folder; a link to a folder that is not there fails the build as any other."""
    for link in list(doctree.findall(pending_xref)):
        if (Path(app.srcdir) / app.env.docname).parent.joinpath(link["reftarget"]).resolve().is_dir():
            link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", extend)
    app.connect("doctree-read", folders_as_text)
    return {"parallel_read_safe": True}
