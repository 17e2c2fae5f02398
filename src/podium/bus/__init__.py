"""How events travel: the bus of a symbol inside the process, and the stream that other systems read."""
