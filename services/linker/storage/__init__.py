"""What the linker remembers: the same store in PostgreSQL and in memory."""
