"""Programs for those who work on this repository. No service imports them."""
