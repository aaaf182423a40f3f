"""Fault tests: every process is killed while datasets flow, and afterwards every event must be accounted for."""
