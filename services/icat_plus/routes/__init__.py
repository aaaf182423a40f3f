"""The routes of ICAT+."""
