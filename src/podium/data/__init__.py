"""Bars, the bar store, readers, quality checks and the sample market."""
