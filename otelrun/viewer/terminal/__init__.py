"""What people see on a terminal: rows in, ``rich`` texts out. Pure; ``cli`` prints."""
