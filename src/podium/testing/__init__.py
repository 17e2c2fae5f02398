"""Doubles that are part of the product: a clock that never waits, feeds that follow a script."""
