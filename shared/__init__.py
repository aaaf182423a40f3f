"""The code that all services share, with everything written once.

Rooms, from the lowest: foundation, events, vocabulary, access, runtime, http, postgres and kafka, stages, host. A room
imports only rooms below it.
"""
