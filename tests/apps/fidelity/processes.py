"""Other processes, as programs make them: ``processes.py WHAT``. What they print comes out in one order."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import time

PYTHON = sys.executable
SHOW = "import sys, os, logging; print(sys.argv, sorted(k for k in os.environ if k.startswith(('PYTHON', 'OTEL'))), sys.path[:2]); logging.warning('child')"


def called():
    print(subprocess.run([PYTHON, "-c", SHOW, "a b"], capture_output=True, text=True))
    print(subprocess.check_output("echo $0 $A; exit 0", shell=True, env={"A": "b"}))
    print(subprocess.getstatusoutput("exit 3"), os.system("exit 4"), os.popen("echo popen").read())
    try:
        subprocess.run([PYTHON, "-c", "raise SystemExit(5)"], check=True)
    except subprocess.CalledProcessError as error:
        print(str(error).replace(PYTHON, "python"))
    try:
        subprocess.run(["no such command"])
    except FileNotFoundError as error:
        print(error)
    print(subprocess.run([PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"]).returncode)


def environments():
    """What children find in their environment, as Python shows it to them."""
    for env in (None, {}, {"PATH": os.environ["PATH"]}, os.environ | {"PYTHONPATH": "library"}, {b"PYTHONPATH": b""}):
        print(subprocess.run([PYTHON, "-c", SHOW], capture_output=True, text=True, env=env).stdout)
    os.environ["PYTHONPATH"] = "mine"
    print(os.environ["PYTHONPATH"], os.environb[b"PYTHONPATH"], os.getenv("PYTHONPATH"))
    print(subprocess.run([PYTHON, "-c", SHOW], capture_output=True, text=True).stdout)
    del os.environ["PYTHONPATH"]
    print("PYTHONPATH" in os.environ, subprocess.run([PYTHON, "-c", SHOW], capture_output=True, text=True).stdout)
    os.environ.clear()
    print(subprocess.run([PYTHON, "-c", SHOW], capture_output=True, text=True).stdout, dict(os.environ))


def isolated():
    for option in ("-I", "-E", "-S", "-s"):
        print(subprocess.run([PYTHON, option, "-c", SHOW, "x"], capture_output=True, text=True).stdout)


def piped():
    with subprocess.Popen([PYTHON, "-c", "print(input()[::-1])"], stdin=-1, stdout=-1, text=True) as child:
        print(child.communicate("abc\n"), child.returncode)
    with subprocess.Popen(["yes"], stdout=-1) as child:
        print(child.stdout.readline())
        child.terminate()
    print(child.returncode)
    child = subprocess.Popen(["sleep", "100"])
    try:
        child.wait(0.01)
    except subprocess.TimeoutExpired as error:
        print(error)
    child.kill()
    print(child.wait())


def prepared():
    """Options of children that concern their process."""
    run = {"capture_output": True, "text": True}
    ask = "import os, sys; print(os.getcwd() == '/', os.getsid(0) == os.getpid(), sys.flags.isolated, len(os.listdir('/proc/self/fd')))"
    print(subprocess.run([PYTHON, "-c", ask], cwd="/", start_new_session=True, **run).stdout)
    reader, writer = os.pipe()
    print(subprocess.run([PYTHON, "-Ic", ask], pass_fds=[writer], close_fds=True, **run).stdout)
    print(subprocess.run([PYTHON, "-c", ask], preexec_fn=lambda: os.chdir("/"), **run).stdout)
    print(subprocess.run(["shop", "-c", ask], executable=PYTHON, umask=0o77, **run).stdout)


def forked():
    sys.stdout.flush()
    for way in (sys.exit, os._exit):
        pid = os.fork()
        if pid == 0:
            print("child", os.getppid() == os.getpid(), flush=True)
            way(3)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    print(os.WTERMSIG(os.wait()[1]))
    try:
        os.wait()
    except ChildProcessError as error:
        print(error)


def forked_in_thread():
    import threading

    def work():
        pid = os.fork()
        if pid == 0:
            print(threading.current_thread() is threading.main_thread(), threading.active_count(), flush=True)
            os._exit(0)
        print(os.waitpid(pid, 0)[1])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def replaced():
    print("before", flush=True)
    if "again" not in sys.argv:
        os.execv(PYTHON, [PYTHON, *sys.argv, "again"])
    print(sys.argv[1:], sys.orig_argv[1:][1:])


def replaced_by_shell():
    os.execlp("sh", "sh", "-c", "echo $0 $1 $PYTHONPATH; exit 9", "one")


def replaced_without_environment():
    os.execve("/usr/bin/env", ["env"], {})


def spawned():
    sys.stdout.flush()
    print(os.spawnlp(os.P_WAIT, "true", "true"), os.spawnv(os.P_WAIT, PYTHON, [PYTHON, "-c", "raise SystemExit(6)"]))
    pid = os.posix_spawn(PYTHON, [PYTHON, "-c", SHOW], {"ONLY": "this"})
    print(os.waitpid(pid, 0)[1])
    try:
        os.posix_spawn("/nonexistent", ["x"], {})
    except FileNotFoundError as error:
        print(error)


def daemonized():
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")
            os.close(reader)
            with open(os.devnull, "r+") as null:
                for fd in range(3):
                    os.dup2(null.fileno(), fd)
            os.write(writer, b"%d %s" % (os.getsid(0) != os.getpid(), os.getcwd().encode()))
            os._exit(0)
        os._exit(0)
    os.close(writer)
    os.wait()
    print(os.read(reader, 100), os.read(reader, 100))


def _double(number):
    return 2 * number


def _fail(number):
    raise LookupError(number)


def _environment(_):
    return sorted(key for key in os.environ if key.startswith(("OTEL", "PYTHON"))), sys.path[-1] == "", multiprocessing.current_process().name


def multiprocessed():
    multiprocessing.set_start_method(sys.argv[2])
    process = multiprocessing.Process(target=print, args=("in a child",), kwargs={"flush": True}, name="shop")
    print(process.name, sorted(vars(process)), flush=True)
    process.start()
    process.join()
    print(process.exitcode, process.is_alive(), multiprocessing.active_children())
    with multiprocessing.Pool(1) as pool:
        print(pool.map(_double, [1, 2, 3]), pool.map(_environment, [1]))
        try:
            pool.apply(_fail, (4,))
        except LookupError as error:
            print(repr(error), "_fail" in str(error.__cause__))
    failing = multiprocessing.Process(target=sys.exit, args=(7,))
    failing.start()
    failing.join()
    print(failing.exitcode)


def failing_child():
    multiprocessing.set_start_method(sys.argv[2])
    process = multiprocessing.Process(target=_fail, args=(1,), name="failing")
    process.start()
    process.join()
    print(process.exitcode)


def executor():
    context = multiprocessing.get_context(sys.argv[2])
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        print(list(pool.map(_double, range(3))), repr(pool.submit(_fail, 1).exception()))
        print(pool.submit(_environment, 1).result()[0])
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        try:
            pool.submit(os._exit, 1).result()
        except concurrent.futures.process.BrokenProcessPool as error:
            print(error)


def managed():
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        queue = manager.Queue()
        process = multiprocessing.Process(target=queue.put, args=("put",))
        process.start()
        process.join()
        print(dict(shared), queue.get())


def shared_memory():
    from multiprocessing import shared_memory

    memory = shared_memory.SharedMemory(create=True, size=10)
    process = multiprocessing.get_context("spawn").Process(target=_write, args=(memory.name,))
    process.start()
    process.join()
    print(bytes(memory.buf[:3]))
    memory.close()
    memory.unlink()


def _write(name):
    from multiprocessing import shared_memory

    memory = shared_memory.SharedMemory(name)
    memory.buf[:3] = b"abc"
    memory.close()


def reaped():
    """A program that waits for any child sees its own children, and no other."""
    running = [subprocess.Popen(["sh", "-c", f"exit {number}"]) for number in range(3)]
    children, seen = {child.pid for child in running}, set()
    while len(seen) < 3:
        seen.add(os.waitpid(-1, 0)[0])
    print(seen == children)
    signal.signal(signal.SIGCHLD, lambda *_: print("SIGCHLD"))
    os.posix_spawn("/bin/true", ["true"], {})
    time.sleep(0.1)
    print(os.waitpid(-1, 0)[1])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
