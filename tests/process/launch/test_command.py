"""Whatever the command is, the program that runs is the one that runs without otelrun, in the same process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from urllib.request import urlopen

import pytest

from otelrun.ring.directory import list_runs
from tests.support.otlp_sink import OtlpSink
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import environment, run_otelrun, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

SHOW = """
import os, sys
print(sys.argv, sys.path, __name__, __spec__ and __spec__.name, sys.flags, sys.orig_argv[1:], sys.stdin.read())
print(sorted(name for name in sys.modules if "customize" in name), os.getcwd(), os.umask(0o22))
"""


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def run_bare(command, env, cwd):
    return subprocess.run(
        command, env=environment(env), cwd=cwd, capture_output=True, timeout=30, input=b"in", check=False
    )


def assert_same_command(command, tmp_path, env=None):
    """Compare a command of any kind bare and under otelrun."""
    bare = run_bare(command, env, tmp_path)
    observed = run_otelrun(command, env=env, cwd=tmp_path, stdin=b"in")

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
    assert bare.stdout


@pytest.fixture
def program(tmp_path):
    """Put the same program in all places a command can name."""
    write(tmp_path / "show.py", SHOW)
    write(tmp_path / "package" / "__init__.py", "")
    write(tmp_path / "package" / "__main__.py", SHOW)
    write(tmp_path / "folder" / "__main__.py", SHOW)
    with zipfile.ZipFile(tmp_path / "show.pyz", "w") as archive:
        archive.writestr("__main__.py", SHOW)
    return tmp_path


@pytest.mark.parametrize(
    "args",
    [
        ["show.py", "a", "--help", "-m", "--", "--profile", "x"],
        ["-m", "package", "--to", "x"],
        ["-c", SHOW, "-c", "--version"],
        ["-", "x"],
        ["folder"],
        ["show.pyz", "x"],
        ["-s", "-B", "show.py"],
        ["-W", "error", "show.py"],
        ["-X", "dev", "show.py"],
        ["-X", "utf8=0", "show.py"],
        ["-OO", "show.py"],
    ],
    ids=lambda args: args[0],
)
def test_every_way_to_start_python(program, args):
    stdin = SHOW.encode() if args[0] == "-" else b"in"

    assert_same(run_pair(args, cwd=program, stdin=stdin))


def test_a_script_with_a_first_line(program):
    write(program / "script", f"#!{sys.executable}\n{SHOW}", 0o755)

    assert_same_command(["./script", "--help"], program)


def test_a_console_script_on_path(program):
    write(program / "bin" / "serve", f"#!{sys.executable}\n{SHOW}", 0o755)

    path = f"{program / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert_same_command(["serve", "shop:app"], program, {"PATH": path})


def test_a_command_that_is_not_python(program):
    assert_same_command(["sh", "-c", "echo $0 $#; pwd; umask; ulimit -n; cat; exit 3", "x", "y"], program)


def test_a_shell_script_that_starts_python(program):
    write(program / "start", "#!/bin/sh\nexec python show.py $*\n", 0o755)

    assert_same_command(["./start", "a"], program)


def test_a_script_without_a_first_line_is_run_by_the_shell(program):
    write(program / "plain", "echo $0 $1\n", 0o755)

    observed = run_otelrun(["./plain", "a"], cwd=program)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"./plain a\n", b"", 0)


def test_signals_descriptors_and_process_are_as_bare(program):
    text = "cat /proc/self/status | grep -E '^(Sig[BIC]|NSpgid|Umask)'; ls -l /proc/self/fd | sed 's/.*[0-9] \\([0-9]* -> \\)/\\1/' | wc -l"
    if not os.path.exists("/proc/self/status"):
        pytest.skip("needs /proc")

    assert_same_command(["sh", "-c", f"{text}; echo $PPID >/dev/null"], program)


def test_the_process_id_stays(tmp_path):
    command = [sys.executable, "-c", "import os; print(os.getpid(), flush=True)"]
    with start_otelrun(command, otelrun_dir=tmp_path) as running:
        assert running.finish().stdout == f"{running.pid}\n".encode()
    wait_until_idle(tmp_path)


def test_there_is_no_child_to_wait_for(tmp_path):
    assert_same(run_pair(["-c", "import os\ntry: os.wait()\nexcept ChildProcessError as error: print(error)"]))


def test_the_environment_has_two_variables_more(tmp_path):
    env = {"LANG": "C", "LC_ALL": "", "SOME": "thing"}
    bare = run_bare(["env", "-0"], env, tmp_path).stdout.split(b"\0")
    observed = run_otelrun(["env", "-0"], env=env, cwd=tmp_path).stdout.split(b"\0")

    more = [entry.partition(b"=")[0] for entry in observed if entry not in bare]
    assert sorted(more) == [b"OTELRUN_DIR", b"OTELRUN_HANDOFF", b"PYTHONPATH"]
    assert [entry for entry in bare if entry not in observed] == []


def test_the_run_says_what_was_run(tmp_path):
    write(tmp_path / "shop.py", "")
    write(tmp_path / "pyproject.toml", '[project]\nversion = "1.2"\n')
    runs = tmp_path / "runs-of-otelrun"

    run_otelrun(["--service-name", "till", sys.executable, "shop.py"], otelrun_dir=runs, cwd=tmp_path)
    run_otelrun([sys.executable, "shop.py"], otelrun_dir=runs, cwd=tmp_path)

    said = []
    for run in list_runs(str(runs)):
        with open(run.description, encoding="utf-8") as file:
            description = json.load(file)
        said.append((description["service_name"], description["service_name_source"], description["command"][1:]))
    assert sorted(said) == [
        ("shop", "name of the script", ["shop.py"]),
        ("till", "--service-name", ["shop.py"]),
    ]


def test_the_inner_of_two_launchers_wins(tmp_path):
    text = "import os, sys; print(os.environ['PYTHONPATH'].count('shim'), sys.meta_path[0].__name__, sys.argv)"
    inner = [sys.executable, "-m", "otelrun", sys.executable, "-c", text, "a"]
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

    observed = run_otelrun(inner, otelrun_dir=tmp_path, env={"PYTHONPATH": checkout})

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"0 PostImportFinder ['-c', 'a']\n", b"", 0)
    assert len(list_runs(str(tmp_path))) == 2


def test_a_program_that_starts_otelrun_gets_a_run_of_its_own(tmp_path):
    text = (
        "import subprocess, sys\n"
        "inner = [sys.executable, '-m', 'otelrun', sys.executable, '-c', 'import sys; print(sys.meta_path[0].__name__)']\n"
        "print(subprocess.run(inner, capture_output=True, text=True))"
    )
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

    observed = run_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path, env={"PYTHONPATH": checkout})

    assert b"returncode=0, stdout='PostImportFinder\\n', stderr='')" in observed.stdout
    assert len(list_runs(str(tmp_path))) == 2


@pytest.mark.parametrize(
    ("options", "env"),
    [(["--profile", "off"], {}), ([], {"OTELRUN_DISABLED": "1"}), ([], {"OTEL_SDK_DISABLED": "true"})],
)
def test_a_launcher_that_is_switched_off_adds_nothing(tmp_path, options, env):
    text = "import os, sys; print([n for n in os.environ if n in ('OTELRUN_HANDOFF', 'PYTHONPATH')], [m for m in sys.modules if 'otelrun' in m])"

    observed = run_otelrun([*options, sys.executable, "-c", text], otelrun_dir=tmp_path / "runs", env=env)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"[] []\n", b"", 0)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_an_option_that_keeps_otelrun_out_is_told_where_there_is_no_way_round(tmp_path, option):
    (tmp_path / "program").write_text("first line\nprint(1)\n")

    observed = run_otelrun([sys.executable, option, "-x", "program"], otelrun_dir=tmp_path / "runs", cwd=tmp_path)

    told = f"otelrun: not observed: Python's option {option} keeps otelrun out; the program runs unchanged\n"
    assert (observed.stdout, observed.stderr, observed.returncode) == (b"1\n", told.encode(), 0)


def test_modules_of_the_program_do_not_reach_the_launcher(tmp_path):
    for name in ("yaml", "random", "secrets", "json", "click", "opentelemetry"):
        write(tmp_path / "trap" / f"{name}.py", "raise SystemExit('trapped')")
    trap = {"PYTHONPATH": str(tmp_path / "trap"), "PYTHONWARNINGS": "error"}

    assert_same(run_pair(["-c", "print(1)"], env=trap, cwd=tmp_path / "trap"))


def test_a_run_directory_that_cannot_be_made_costs_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")

    observed = run_otelrun([sys.executable, "-c", "print(1)"], otelrun_dir=blocked, is_agent_awaited=False)

    assert (observed.stdout, observed.returncode) == (b"1\n", 0)
    lines = observed.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("otelrun: not recording: ")


def test_a_launcher_with_an_endpoint_exports_from_the_program_where_there_is_no_run_directory(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")

    observed = run_otelrun(
        ["--to", "http://127.0.0.1:9", sys.executable, "-c", "print(1)"], otelrun_dir=blocked, is_agent_awaited=False
    )

    assert (observed.stdout, observed.returncode) == (b"1\n", 0)
    assert observed.stderr.decode().startswith("otelrun: exporting from inside the program, without the local store: ")
    assert observed.stderr.count(b"\n") == 1


def test_the_servers_own_command_is_observed(tmp_path):
    with OtlpSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint, "PYTHONUNBUFFERED": "1"}
        words = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"]
        with start_otelrun(words, otelrun_dir=tmp_path, env=env, cwd=tmp_path) as program:
            port = int(program.read_line().split(b" port ")[1].split()[0])
            with urlopen(f"http://127.0.0.1:{port}/") as response:
                assert response.status == 200
            (span,) = wait_for(sink.spans, 10)
            program.send_signal(signal.SIGTERM)
            program.finish()
        wait_until_idle(tmp_path)
        assert (span.name, span.attributes["url.path"], span.scope.name) == (
            "GET",
            "/",
            "otelrun.instrumentation.http_server",
        )
