"""What this repository describes, read once in a run and shared: nothing of it changes."""

from shared.techniques import TechniqueBook
from shared.vocabulary import Vocabulary, load_combining

VOCABULARY = Vocabulary.load()
TECHNIQUES = TechniqueBook.load()
COMBINING = load_combining()
