"""How far every submission has come, and what it waits for."""
