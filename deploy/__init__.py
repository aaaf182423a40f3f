"""Where beamcat runs: the program and its operators' commands, the image, the monitoring, and the embedded stack."""
