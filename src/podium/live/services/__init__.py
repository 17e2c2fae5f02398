"""The four services of a symbol, in the order in which a bar goes through them."""
