"""The STOMP server: frames on the wire, sessions, connections, and the limits of each."""
