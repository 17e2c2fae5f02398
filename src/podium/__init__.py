"""Podium runs a portfolio of trading strategies as one."""
