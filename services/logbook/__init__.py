"""logbook.events -> logbook: it finds every entry of the electronic logbook, with its files."""
