"""The instruments of the benchmarks. They ask seldom and cheaply, so that they do not disturb what they measure."""
