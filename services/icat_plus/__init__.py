"""search, logbook, archive -> icat_plus: clients of ICAT+ are answered, and what they declare is published."""
