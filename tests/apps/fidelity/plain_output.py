"""Unicode and raw bytes on both streams, with and without line ends."""

import sys

print("grüße, 世界, \N{SNOWMAN}")
print("to stderr: ñandú", file=sys.stderr)
sys.stdout.flush()
sys.stdout.buffer.write(bytes(range(256)))
sys.stderr.buffer.write(b"\xff\xfe no line end")
print(sys.argv[1:], __name__, __file__ == sys.argv[0], end="")
