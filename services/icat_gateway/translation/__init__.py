"""From what an ICAT client says on a queue to the events that say it on: pure, no clock, no I/O, no host name."""

from services.icat_gateway.translation.frames import Frame, source_of
from services.icat_gateway.translation.translator import Translator

__all__ = ["Frame", "Translator", "source_of"]
