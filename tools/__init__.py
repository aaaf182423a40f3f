"""Programs of this repository for those who work on it; no service imports them."""
