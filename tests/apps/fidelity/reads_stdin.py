"""Reads its standard input to the end, as bytes and as text."""

import sys

first = sys.stdin.buffer.readline()
rest = sys.stdin.read()
print(repr(first), len(rest), rest[-3:], sys.stdin.isatty(), sys.stdin.encoding, sys.stdout.line_buffering)
