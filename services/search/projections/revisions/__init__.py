"""Every revision of every dataset, as it was committed."""
