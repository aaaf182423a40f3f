"""What a person types and sees, and what a program reads instead: the group of commands, tables, JSON, errors."""
