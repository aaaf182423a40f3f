"""The linker's store in PostgreSQL: one module for each stage, and one for each table that several stages share."""
