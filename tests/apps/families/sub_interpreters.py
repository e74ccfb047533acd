"""Works in two sub-interpreters and outside of them."""

import os
import sys

import work

try:
    import _interpreters  # 3.13
except ImportError:
    import _xxsubinterpreters as _interpreters

work.do("outside")
folder = os.path.dirname(os.path.abspath(__file__))
for number in range(2):
    interpreter = _interpreters.create()
    text = "import sys; sys.path.insert(0, %r); import work; work.do('inside %d')" % (folder, number)
    print(_interpreters.run_string(interpreter, text))
    _interpreters.destroy(interpreter)
work.do("outside again")
sys.exit(3)
