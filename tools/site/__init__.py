"""The documentation as a site: what Sphinx needs besides the pages."""
