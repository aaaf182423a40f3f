"""The vocabulary: parameters, values, techniques, kinds, rules. It may import `events` and `foundation`."""
