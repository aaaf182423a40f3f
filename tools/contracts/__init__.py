"""What beamcat promises in writing, generated from what it declares: `make contracts`."""
