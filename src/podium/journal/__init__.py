"""The journal: what a live run was given and what came of it, durable and in order."""
