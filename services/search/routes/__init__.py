"""The HTTP face of search: the routes and the web page."""
