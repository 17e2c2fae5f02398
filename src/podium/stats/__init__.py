"""Metrics and the comparison of strategies."""
