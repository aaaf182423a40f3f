"""The schema `search`, to which every projection adds its tables."""

from sqlalchemy import MetaData, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

METADATA = MetaData()
TIME = TIMESTAMP(timezone=True)
C_TEXT = Text(collation="C")
