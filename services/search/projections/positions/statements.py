"""The SQL that reads the table of positions."""

POSITIONS = "select topic, partition, next_offset from position where topic = any($1::text[])"
