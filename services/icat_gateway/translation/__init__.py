"""The translation of ICAT's frames into events. Pure: it reads no clock, no host name, and does no I/O."""

from services.icat_gateway.translation.frames import Frame, source_of
from services.icat_gateway.translation.translator import Translator

__all__ = ["Frame", "Translator", "source_of"]
