"""search, logbook, archive -> icat_plus: it answers clients of ICAT+, and publishes what they declare."""
