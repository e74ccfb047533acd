"""Runs a command on a terminal of its own, without echo: ``on_a_terminal.py COMMAND…``; passes on its input, output and status."""

from __future__ import annotations

import os
import pty
import sys
import termios


def main(command: list[str]) -> int:
    """Run it."""
    typed = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    master, slave = pty.openpty()
    modes = termios.tcgetattr(slave)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    termios.tcsetwinsize(slave, (33, 99)) if sys.version_info >= (3, 11) else None
    if not (pid := os.fork()):
        os.close(master)
        os.login_tty(slave) if sys.version_info >= (3, 11) else _login_tty(slave)
        os.execvp(command[0], command)
    os.close(slave)
    os.write(master, typed)
    while data := _read(master):
        os.write(1, data)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _login_tty(slave: int) -> None:
    os.setsid()
    for fd in range(3):
        os.dup2(slave, fd)
    os.close(os.open(os.ttyname(slave), os.O_RDWR))


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65_536)
    except OSError:  # the program has ended
        return b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
