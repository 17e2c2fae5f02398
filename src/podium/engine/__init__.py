"""State tables, the compiled kernel and the engine that advances. No input or output, no clock."""
