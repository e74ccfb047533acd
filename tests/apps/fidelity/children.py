"""Children of every kind: subprocess, a shell, fork, multiprocessing by fork and by spawn, and wait() for all of them."""

import multiprocessing
import os
import subprocess
import sys


def square(value):
    return value * value


def ends_with(status):
    sys.exit(status)


def main():
    code = "import sys; print('child', sys.argv[1:]); sys.exit(4)"
    ended = subprocess.run([sys.executable, "-c", code, "a b"], capture_output=True, text=True, check=False)
    print(ended.returncode, repr(ended.stdout), repr(ended.stderr))
    print(subprocess.run("echo out; echo err >&2; exit 5", shell=True, check=False).returncode, flush=True)
    print(subprocess.run([sys.executable, "-I", "-c", "print('isolated')"], capture_output=True, check=True).stdout)
    print(subprocess.run([sys.executable, "-c", "print('bare')"], env={}, capture_output=True, check=True).stdout)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(6)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    try:
        os.wait()
    except ChildProcessError as error:
        print("no child is left:", error.strerror)
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        process = context.Process(target=ends_with, args=(3,))
        process.start()
        process.join()
        print(method, process.exitcode)
        with context.Pool(2) as pool:
            print(pool.map(square, range(4)))
            pool.close()
            pool.join()


if __name__ == "__main__":
    main()
