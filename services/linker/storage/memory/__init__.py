"""The linker's store in memory, the twin of `storage/postgres`: for tests, and to read the rules without SQL."""
