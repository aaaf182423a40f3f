"""The newest revision of every dataset, with what it was made from."""
