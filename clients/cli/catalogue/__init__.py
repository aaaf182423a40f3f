"""What is catalogued, as a person reads it."""
