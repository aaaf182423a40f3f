"""The index of what datasets say: parameters and words, and the questions that are answered from it."""
