"""Old datasets that are brought into the catalogue: read from a source, submitted at a pace, followed, recorded."""
