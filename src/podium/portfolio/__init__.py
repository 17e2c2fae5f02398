"""The portfolio file, its configuration and allocation."""
