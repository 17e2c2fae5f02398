"""Time, ids, money, instruments, events and errors. Imports nothing of ours."""
