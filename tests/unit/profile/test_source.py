"""Which file is meant, and what is said where it cannot be read."""

from __future__ import annotations

import os

import pytest

from otelrun.errors import ProfileError
from otelrun.profile.source import find, read, shipped_directory, shipped_names


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problem_of(function, *arguments):
    with pytest.raises(ProfileError) as caught:
        function(*arguments)
    [problem] = caught.value.problems
    return problem


def test_the_four_profiles_are_shipped():
    assert shipped_names() == ("default", "dev", "off", "prod")


def test_a_shipped_name_is_found():
    path = os.path.join(shipped_directory(), "prod.yaml")
    assert find("prod") == ("prod", path, path)


def test_a_path_is_found_and_shown_as_it_was_written(here):
    assert find("./x/my.yaml") == ("./x/my.yaml", str(here / "x/my.yaml"), "x/my.yaml")


def test_a_file_without_a_suffix_is_found(here):
    (here / "mine").write_text("")
    assert find("mine").path == str(here / "mine")


def test_a_near_miss_is_named():
    text = "no profile is named 'prd'; did you mean 'prod'? (shipped: default, dev, off, prod)"
    assert problem_of(find, "prd") == text


def test_a_name_near_nothing_is_told_how_to_write_a_path():
    text = "no profile is named 'xyzzy'; a file is written with its path, e.g. ./profile.yaml"
    assert problem_of(find, "xyzzy") == f"{text} (shipped: default, dev, off, prod)"


def test_a_name_whose_file_has_a_suffix_is_told_its_path(here):
    (here / "mine.yaml").write_text("")
    assert problem_of(find, "mine") == "no profile is named 'mine'; write ./mine.yaml for the file"


def test_a_name_of_both_a_shipped_profile_and_a_file_is_ambiguous(here):
    (here / "dev").write_text("")
    shipped = os.path.join(shipped_directory(), "dev.yaml")
    text = f"'dev' is a shipped profile and also a file here; write ./dev for the file, {shipped} for the shipped one"
    assert problem_of(find, "dev") == text
    assert find("./dev").path == str(here / "dev")
    assert find(shipped).path == shipped


def test_a_directory_of_a_shipped_name_is_not_ambiguous(here):
    (here / "dev").mkdir()
    assert find("dev").path == os.path.join(shipped_directory(), "dev.yaml")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfea\x00", "p.yaml:1:1: the file is UTF-16; save the file as UTF-8"),
        (b"a: 1\nb: caf\xe9\n", "p.yaml:2:7: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"a: 1\r\nb: \x00\n", "p.yaml:2:4: the character U+0000 cannot stand in YAML; remove it"),
        (b"#" * 1_000_001, "p.yaml:1:1: larger than 1 MB; a profile is a few kilobytes: is this the right file?"),
    ],
)
def test_text_that_cannot_be_used_is_one_line(here, data, problem):
    (here / "p.yaml").write_bytes(data)
    assert problem_of(read, find("p.yaml")) == problem


def test_a_byte_order_mark_is_no_text(here):
    (here / "p.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(find("p.yaml")) == "a: 1\n"


def test_a_missing_file_names_a_near_one(here):
    (here / "profile.yaml").write_text("")
    assert problem_of(read, find("profil.yaml")) == "profil.yaml: no such file; did you mean 'profile.yaml'?"


def test_a_missing_directory_is_no_such_file():
    assert problem_of(read, find("no/where.yaml")) == "no/where.yaml: no such file"


def test_a_directory_is_no_profile(here):
    (here / "d.yaml").mkdir()
    assert problem_of(read, find("d.yaml")) == "d.yaml: is a directory; write the path of a file in it"


def test_a_path_no_system_can_have_is_no_path():
    assert problem_of(read, find("a\0b.yaml")) == "a\\x00b.yaml: is not a path"
