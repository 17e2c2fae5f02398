"""Where orders go: the port of all venues, and the paper one."""
