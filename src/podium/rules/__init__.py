"""The rule language: parser, nodes, functions, graph."""
