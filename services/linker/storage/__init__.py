"""What the linker remembers, in PostgreSQL and in memory, and the protocols that both keep."""
