"""What this repository describes, read once in a run and shared: nothing of it changes."""

from shared.techniques import TechniqueBook
from shared.vocabulary import Vocabulary

VOCABULARY = Vocabulary.load()
TECHNIQUES = TechniqueBook.load()
