"""Where beamcat runs: the embedded stack of a laptop, images, charts, dashboards."""
