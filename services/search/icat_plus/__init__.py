"""ICAT+ as far as its clients need it: what it tells them is read from search's own read model."""
