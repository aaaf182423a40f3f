"""The entries of the electronic logbook."""
