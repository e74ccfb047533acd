"""The words of ``otelrun summary``, and that it finds its run."""

from __future__ import annotations

import pytest

from otelrun.cli.summary import _read, summarise
from otelrun.errors import NotFoundError
from otelrun.ring.directory import create_run


def test_the_words_are_read():
    wishes = _read(["--line", "--columns=93", "--terminal", "--wait", "--exit=-9", "3f9a"])
    assert wishes == ("3f9a", True, 93, True, True, -9)
    assert _read([]) == (None, False, 0, False, False, None)


@pytest.mark.parametrize("words", [["--loud"], ["--columns=wide"], ["--exit=soon"], ["a", "b"]])
def test_words_that_say_nothing_end_with_status_2(words, capsys):
    with pytest.raises(SystemExit) as error:
        summarise(words, {})
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith("otelrun: usage: otelrun summary ")


def test_help_is_there_without_click(capsys):
    with pytest.raises(SystemExit) as error:
        summarise(["--help"], {})
    assert error.value.code == 0
    assert "Say once more what was said when a run ended." in capsys.readouterr().out


def test_a_run_is_found_by_its_id_and_by_its_path(tmp_path, capsys):
    run = create_run(str(tmp_path))
    for words in ([run.run_id], [run.path], []):
        summarise(["--columns=80", *words], {"OTELRUN_DIR": str(tmp_path)})
        assert " · nothing was recorded\n" in capsys.readouterr().out


def test_a_run_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(NotFoundError):
        summarise(["3f9a"], {"OTELRUN_DIR": str(tmp_path)})
