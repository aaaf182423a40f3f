"""The routes of ICAT+, as its clients know them."""
