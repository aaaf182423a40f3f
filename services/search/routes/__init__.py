"""The HTTP interface of search: its routes and the web page."""
