"""On a terminal the summary is the last thing a program leaves, however it ends; and nothing else of it changes."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from otelrun.ring.directory import list_runs
from tests.process.loss.agents import agents_of
from tests.support.programs import DEADLINE_S, otelrun_command, run_otelrun, run_python, wait_until_idle
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APPS = Path(__file__).parents[2] / "apps"
ENDING = str(APPS / "summary" / "ending.py")
START = "otelrun: recording ending on this machine; look while it runs: otelrun ui\n"
SUMMARY = "otelrun: ending · run "
LINE = "otelrun: ending · "
PATIENT = {"TERM": "dumb", "OTELRUN_STRICT": "1"}  # whatever else the machine is busy with


def on_terminal(tmp_path, how, *options, **env):
    """Start the program under otelrun on a terminal."""
    command = [*otelrun_command(), *options, sys.executable, ENDING, how]
    return Terminal(command, {"OTELRUN_DIR": str(tmp_path), **PATIENT, **env})


def ended(tmp_path, how, *options, **env):
    """Run it to its end; give what the terminal shows, and the status."""
    with on_terminal(tmp_path, how, *options, **env) as terminal:
        status = terminal.wait()
        wait_until_idle(tmp_path)
        return terminal.text, status


@pytest.mark.parametrize(
    ("how", "status"), [("return", 0), ("raise", 1), ("exit 3", 3), ("daemon thread", 0), ("fork", 0), ("spawn", 0)]
)
def test_it_comes_once_and_last_and_the_status_is_the_programs(tmp_path, how, status):
    text, returncode = ended(tmp_path, how)

    assert returncode == status
    assert text.startswith(f"{START}about to {how}\nworking\n")
    assert text.count(SUMMARY) == 1
    said = text[text.index(SUMMARY) :].splitlines()
    assert said[-1].startswith("  look otelrun ui ")
    if how == "raise":
        assert said[2].startswith("  ✗ ValueError: unlucky   ending.py:14 in <module>   1")
    else:
        assert len(said) == 2


def test_a_program_that_becomes_another_is_summed_up_when_that_one_ends(tmp_path):
    text, _ = ended(tmp_path, "exec")

    assert text.count(SUMMARY) == 1
    assert "2 logs" in text.splitlines()[-1]


@pytest.mark.parametrize(("how", "status"), [("os._exit", 4), ("kill", -signal.SIGKILL), ("redirect", 0)])
def test_there_is_none_where_the_program_does_not_come_to_its_end_or_has_left_the_terminal(tmp_path, how, status):
    text, returncode = ended(tmp_path, how)

    assert (text, returncode) == (f"{START}about to {how}\nworking\n", status)


def test_what_goes_on_is_said(tmp_path):
    with on_terminal(tmp_path, "leave a child") as terminal:
        terminal.wait()
        text = terminal.text
        os.kill(int(re.search(r"^(\d+)$", text, re.MULTILINE)[1]), signal.SIGKILL)
        assert "  1 process of it goes on and is recorded\n" in text
    wait_until_idle(tmp_path)


def test_off_says_nothing_at_all(tmp_path):
    text, _ = ended(tmp_path, "return", OTELRUN_SUMMARY="off")

    assert text == "about to return\nworking\n"


@pytest.mark.parametrize("variable", ["CI", "OTELRUN_QUIET"])
def test_it_is_off_by_itself_where_nobody_looks(tmp_path, variable):
    text, _ = ended(tmp_path, "return", **{variable: "1"})

    assert text == "about to return\nworking\n"


def test_a_line_is_one_line(tmp_path):
    text, _ = ended(tmp_path, "raise", OTELRUN_SUMMARY="line")

    last = text.splitlines()[-1]
    assert last.startswith(LINE)
    assert "ending.py:14) · otelrun ui " in last


def test_a_word_it_does_not_know_is_told(tmp_path):
    text, _ = ended(tmp_path, "return", OTELRUN_SUMMARY="everything")

    assert text.startswith(
        "otelrun: OTELRUN_SUMMARY=everything: there are off, line, full; it is full now\notelrun: rec"
    )
    assert text.count(SUMMARY) == 1


@pytest.mark.parametrize(
    ("env", "has_colour"),
    [({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)],
    ids=["colour", "dumb", "no colour"],
)
def test_colour_is_what_the_terminal_can(tmp_path, env, has_colour):
    text, _ = ended(tmp_path, "return", **{"TERM": "xterm-256color", **env})

    assert bool(re.search(r"\x1b\[(1;)?3", text)) == has_colour


def test_the_modes_of_the_terminal_are_what_they_were(tmp_path):
    with on_terminal(tmp_path, "return") as terminal:
        before = terminal.modes()
        terminal.wait()
        assert terminal.modes() == before


def test_a_terminal_that_was_left_in_raw_mode_shows_straight_lines(tmp_path):
    with on_terminal(tmp_path, "raw") as terminal:
        terminal.wait()
        end = terminal.read().partition(SUMMARY.encode())[2]
    assert end.count(b"\n") == end.count(b"\r\n") == 2


@pytest.mark.parametrize("option", ["--init", "--root-span"])
@pytest.mark.parametrize(
    ("how", "status", "said"), [("exit 3", 3, "exit 3"), ("kill", -signal.SIGKILL, "killed by signal 9")]
)
def test_a_launcher_that_has_stayed_says_it_and_knows_how_the_program_ended(tmp_path, option, how, status, said):
    text, returncode = ended(tmp_path, how, option)

    assert returncode == status
    assert text.startswith(START)
    assert text.count(SUMMARY) == 1
    assert f" · {said} · " in text
    if option == "--root-span":
        assert "1 call, 1 failed" in text


def test_a_program_that_ctrl_c_ends_dies_by_it_as_ever(tmp_path):
    with on_terminal(tmp_path, "wait") as terminal:
        terminal.read_until(b"working")
        terminal.type(b"\x03")
        assert terminal.wait() == -signal.SIGINT
        wait_until_idle(tmp_path)
        text = terminal.text
    assert "\nKeyboardInterrupt\n" in text
    assert text.count(SUMMARY) == 1
    assert text.index("\nKeyboardInterrupt\n") < text.index(SUMMARY)


def test_no_time_is_lost_where_the_agent_is_gone(tmp_path):
    with on_terminal(tmp_path, "wait") as terminal:
        terminal.read_until(b"working")
        (run,) = list_runs(str(tmp_path))
        agents = wait_for(lambda: agents_of(run), DEADLINE_S, what="the agent")
        for agent in agents:
            os.kill(agent.pid, signal.SIGKILL)
        wait_for(lambda: not agents_of(run), DEADLINE_S, what="the end of the agent")
        terminal.type(b"\n")
        assert terminal.wait() == 0
        assert terminal.text.endswith("working\n\n")


def test_a_job_in_the_background_says_nothing_of_itself(tmp_path):
    job = f"{' '.join(otelrun_command())} {sys.executable} {ENDING} return"
    command = ["bash", "-c", f"set -m; {job} & wait 2>/dev/null; echo over"]
    with Terminal(command, {"OTELRUN_DIR": str(tmp_path)}) as terminal:
        terminal.wait()
        wait_until_idle(tmp_path)
        assert terminal.text == "about to return\nworking\nover\n"


@pytest.mark.parametrize("is_wanted", [True, False])
def test_what_ends_a_program_that_recorded_nothing_else_is_recorded_and_told(tmp_path, is_wanted):
    program = tmp_path / "dies.py"
    program.write_text("def ratio(a, b):\n    return a / b\n\n\nratio(1, 0)\n")
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        'file_format: "1.1"\n'
        f"instrumentation/development: {{python: {{exceptions: {{enabled: {str(is_wanted).lower()}}}}}}}\n"
        "distribution: {otelrun: {extends: [default]}}\n"
    )
    bare = run_python([str(program)])
    words = ["--profile", str(profile), sys.executable, str(program)]
    observed = run_otelrun(words, otelrun_dir=tmp_path / "runs", env={"OTELRUN_SUMMARY": "full", "OTELRUN_STRICT": "1"})
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout) == (1, b"")
    assert observed.stderr.startswith(bare.stderr)
    said = observed.stderr[len(bare.stderr) :].decode()
    assert ("ZeroDivisionError: division by zero   dies.py:2 in ratio" in said) == is_wanted
    assert ("nothing was recorded" in said) != is_wanted


def test_a_run_that_recorded_nothing_says_so(tmp_path):
    command = [*otelrun_command(), sys.executable, "-c", "print('bye')"]
    with Terminal(command, {"OTELRUN_DIR": str(tmp_path), **PATIENT}, cwd=tmp_path) as terminal:
        assert terminal.wait() == 0
        first, bye, headline, why = terminal.text.splitlines()
    assert first.startswith("otelrun: recording test_a_run")
    assert len(first) <= 80
    assert bye == "bye"
    assert headline.endswith(" · nothing was recorded")
    assert why == "  the program used nothing that otelrun instruments"


@pytest.mark.parametrize("mode", ["full", "line"])
def test_where_it_is_asked_for_it_is_printed_without_a_terminal_too(tmp_path, mode):
    result = run_otelrun(
        [sys.executable, ENDING, "return"],
        otelrun_dir=tmp_path,
        env={"OTELRUN_SUMMARY": mode, "OTELRUN_STRICT": "1", "CI": "1"},
    )

    assert (result.stdout, result.returncode) == (b"working\n", 0)
    lines = result.stderr.decode().splitlines()
    assert lines[0] == "about to return"
    assert lines[1].startswith(LINE)
    assert len(lines) == {"full": 3, "line": 2}[mode]


def test_a_launcher_that_has_stayed_prints_it_without_a_terminal_too(tmp_path):
    words = ["--init", sys.executable, ENDING, "exit 3"]
    result = run_otelrun(words, otelrun_dir=tmp_path, env={"OTELRUN_SUMMARY": "full"})

    assert (result.stdout, result.returncode) == (b"working\n", 3)
    about, headline, look = result.stderr.decode().splitlines()
    assert about == "about to exit 3"
    assert headline.startswith(SUMMARY)
    assert headline.endswith(" · exit 3 · 1 log, 1 warning")
    assert look.startswith("  look otelrun ui ")


def test_in_a_file_it_comes_after_what_the_program_wrote(tmp_path):
    words = " ".join([*otelrun_command(), sys.executable, ENDING, "return"])
    env = {"OTELRUN_SUMMARY": "line", "OTELRUN_DIR": str(tmp_path), **PATIENT}
    with Terminal(["sh", "-c", f"({words}; echo after >&2) 2>out; cat out"], env, cwd=tmp_path) as terminal:
        terminal.wait()
        lines = terminal.text.splitlines()
    assert [line.partition(" · ")[0] for line in lines] == ["working", "about to return", "otelrun: ending", "after"]
