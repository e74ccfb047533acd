"""Works in two sub-interpreters and outside of them, waits for the end of its stdin, and works in all of them again."""

import os
import sys

import work

try:
    import _interpreters  # 3.13
except ImportError:
    import _xxsubinterpreters as _interpreters

folder = os.path.dirname(os.path.abspath(__file__))
interpreters = [_interpreters.create() for _ in range(2)]


def work_everywhere(when):
    work.do("outside, " + when)
    for number, interpreter in enumerate(interpreters):
        text = "import sys; sys.path.insert(0, %r); import work; work.do('inside %d, %s')" % (folder, number, when)
        print(_interpreters.run_string(interpreter, text), flush=True)


work_everywhere("at first")
sys.stdin.read()
work_everywhere("at last")
for interpreter in interpreters:
    _interpreters.destroy(interpreter)
work.do("outside, alone")
sys.exit(3)
