"""The documentation as a site: the same Markdown files that one reads in the repository, built by Sphinx with MyST.

`make docs` builds it. Any warning fails the build: a link or an anchor that leads nowhere, a page that is in no index.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "clients/python/src")]

project = "beamcat"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
html_title = f"beamcat {version}"
project_copyright = "The beamcat authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "tools.site.pages"]
source_suffix = {".md": "markdown"}
include_patterns = ["*.md", "docs/**", "schemas/README.md", "clients/python/CHANGELOG.md"]
root_doc = "docs/README"
html_theme = "furo"
html_extra_path = ["index.html"]
html_copy_source = False

myst_heading_anchors = 6  # named as GitHub names them

default_role = "code"  # docstrings set code in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
napoleon_google_docstring = True
