"""What this repository describes, read once in a run and shared: nothing of it changes."""

from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary, load_combining

VOCABULARY = Vocabulary.load()
TECHNIQUES = TechniqueBook.load()
COMBINING = load_combining()
