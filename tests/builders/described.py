"""The definitions of this repository, read once in a run and shared. They never change."""

from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary, load_combining

VOCABULARY = Vocabulary.load()
TECHNIQUES = TechniqueBook.load()
COMBINING = load_combining()
