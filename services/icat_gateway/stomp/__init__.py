"""STOMP: frames on the wire, the sessions and connections that they belong to, and the server with its bounds."""
