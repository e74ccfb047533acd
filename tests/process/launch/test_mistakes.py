"""A mistake on the command line costs one line that says what is near, the shell's exit status, and never a traceback."""

from __future__ import annotations

import sys

import pytest

from tests.support.programs import run_otelrun

pytestmark = pytest.mark.process


def ends(args, tmp_path, **env):
    result = run_otelrun(args, otelrun_dir=tmp_path / "runs", cwd=tmp_path, env=env)
    assert not (tmp_path / "runs").exists()
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def make(tmp_path, name, text="", mode=0o644):
    path = tmp_path / name
    path.write_text(text)
    path.chmod(mode)


def test_a_command_that_does_not_exist(tmp_path):
    make(tmp_path, "gunicorn", "", 0o755)

    assert ends(["gunicron"], tmp_path, PATH=str(tmp_path)) == (
        127,
        "",
        "otelrun: gunicron: command not found; did you mean 'gunicorn'?\n",
    )


def test_a_verb_that_is_mistyped(tmp_path):
    said = "otelrun: shwo: neither a verb nor a command; did you mean `otelrun show`?\n"

    assert ends(["shwo", "--all"], tmp_path) == (127, "", said)


def test_a_python_file_that_is_no_command(tmp_path):
    make(tmp_path, "app.py")

    assert ends(["app.py"], tmp_path) == (
        127,
        "",
        "otelrun: app.py: not a command; did you mean `otelrun python app.py`?\n",
    )
    assert ends(["./app.py"], tmp_path) == (
        126,
        "",
        "otelrun: ./app.py: not executable; did you mean `otelrun python ./app.py`?\n",
    )


def test_a_directory(tmp_path):
    (tmp_path / "folder").mkdir()

    assert ends(["./folder"], tmp_path) == (126, "", "otelrun: ./folder: is a directory\n")


def test_a_program_for_another_machine(tmp_path):
    make(tmp_path, "binary", "\x7fELF\0\0\0", 0o755)

    status, out, err = ends_with_run(["./binary"], tmp_path)

    assert (status, out) == (126, "")
    assert err.startswith("otelrun: ./binary: ")
    assert err.count("\n") == 1


def test_a_first_line_that_names_nothing(tmp_path):
    make(tmp_path, "script", "#!/no/such/python\n", 0o755)

    assert ends_with_run(["./script"], tmp_path) == (
        126,
        "",
        "otelrun: ./script: the interpreter named in its first line does not exist\n",
    )


def ends_with_run(args, tmp_path):
    result = run_otelrun(args, otelrun_dir=tmp_path / "runs", cwd=tmp_path)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_a_profile_with_mistakes(tmp_path):
    make(tmp_path, "bad.yaml", 'file_format: "1.0"\ntracer_provider: 3\nresource: [1]\n')

    status, out, err = ends(["--profile", "bad.yaml", sys.executable, "-c", "pass"], tmp_path)

    assert (status, out) == (2, "")
    assert "Traceback" not in err
    lines = err.splitlines()
    assert [line.startswith("otelrun: ") for line in lines] == [True, True]
    assert ["bad.yaml:2:" in lines[0], "bad.yaml:3:" in lines[1]] == [True, True]


def test_no_command_shows_the_help(tmp_path):
    status, out, err = ends([], tmp_path)

    assert (status, out) == (2, "")
    assert err.startswith("Usage: otelrun [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize("args", [["--profile"], ["--no-such-option", "x"], ["run"]])
def test_a_wrong_option(tmp_path, args):
    status, out, err = ends(args, tmp_path)

    assert (status, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err
