"""Starts Python programs as children, in the way it is told. Usage: children.py WAY [PYTHON]"""

import os
import shlex
import subprocess
import sys

import work

python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
script = os.path.abspath(work.__file__)
command = [python, script, "child"]
text = "import sys; sys.path.insert(0, {!r}); import work; work.do('child')".format(os.path.dirname(script))

WAYS = {
    "script": lambda: subprocess.call(command),
    "command_text": lambda: subprocess.call([python, "-c", text]),
    "shell": lambda: subprocess.call(shlex.join(command) + "; exit 3", shell=True),
    "system": lambda: os.waitstatus_to_exitcode(os.system(shlex.join(command))),
    "no_vfork": lambda: subprocess.call(command, preexec_fn=lambda: None),
    "posix_spawn": lambda: os.waitstatus_to_exitcode(
        os.waitpid(os.posix_spawn(python, command, os.environ), 0)[1]
    ),
    "environment_kept": lambda: subprocess.call(command, env={**os.environ, "MORE": "1"}),
    "environment_dropped": lambda: subprocess.call(command, env={"PATH": os.environ["PATH"]}),
    "no_descriptors": lambda: subprocess.call(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/"),
}

work.do("before")
print(WAYS[sys.argv[1]](), flush=True)
work.do("after")
