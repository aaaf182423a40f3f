"""logbook.events -> logbook: every entry of the electronic logbook is found, with its files."""
