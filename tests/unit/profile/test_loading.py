"""The one entrance: what it raises, what it imports, and the golden profile of three mistakes."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from otelrun.errors import ProfileError
from otelrun.profile import loading
from tests.support.golden import FOLDER


def test_three_mistakes_get_three_lines_and_tell_no_secret(tmp_path, monkeypatch, golden):
    shutil.copy(FOLDER / "three_mistakes.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError) as caught:
        loading.load_profile("three_mistakes.yaml", {"API_KEY": "s3cret"})
    golden.check("three_mistakes.txt", "".join(f"{problem}\n" for problem in caught.value.problems))
    assert caught.value.exit_status == 2


def test_an_unknown_profile_is_one_problem():
    with pytest.raises(ProfileError) as caught:
        loading.load_profile("prd", {})
    assert len(caught.value.problems) == 1


def test_no_name_means_the_default():
    profile = loading.load_profile(None, {}).profile
    assert (profile.name, os.path.basename(profile.origin)) == ("default", "default.yaml")


def test_a_profile_knows_what_was_asked_for(load, tmp_path):
    profile = load('file_format: "1.1"\n').profile
    assert (profile.name, profile.origin) == ("./profile.yaml", str(tmp_path / "profile.yaml"))


def test_mistakes_before_text_that_is_no_yaml_are_told_too(problems_of):
    assert problems_of("a: 1\na: 2\nb: [\n")[0].startswith("profile.yaml:2:1: the key 'a' is here twice")


def test_a_mistaken_destination_is_one_problem(problems_of):
    text = "--to: 'collector:4318' is not a URL; write http://collector:4318"
    assert problems_of('file_format: "1.1"\n', endpoint="collector:4318") == (text,)


def test_the_package_imports_nothing_heavy():
    names = {name.partition(".")[0] for name in vars(loading) if name in sys.modules}
    assert not names & {"opentelemetry", "click", "rich", "sqlite3"}
