from __future__ import annotations

import os

import pytest

from otelrun.delivery.versions import Versions


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "metrics-0.last")


def test_last_two_versions_are_there_for_another_agent(path):
    versions = Versions(path)
    for number in (1, 2, 3):
        versions.save(number, {("ring", number): (number, 0.5, (1, 2))})
    assert Versions(path).load(3) == {("ring", 3): (3, 0.5, (1, 2))}
    assert Versions(path).load(2) == {("ring", 2): (2, 0.5, (1, 2))}
    assert Versions(path).load(1) is None


def test_one_that_goes_on_keeps_the_version_it_went_on_from(path):
    Versions(path).save(1, "one")
    versions = Versions(path)
    assert versions.load(1) == "one"
    versions.save(2, "two")
    assert (Versions(path).load(1), Versions(path).load(2)) == ("one", "two")


def test_version_that_could_not_be_written_is_that_before_it(path):
    Versions(path).save(3, "three")
    assert Versions(path).load(5) == "three"


@pytest.mark.parametrize("content", [b"", b"abc", b"\x00\x00\x00\x00no such thing"])
def test_damaged_file_has_no_version(path, content):
    with open(path, "wb") as file:
        file.write(content)
    assert Versions(path).load(1) is None


def test_directory_that_is_gone_is_no_error(tmp_path):
    versions = Versions(str(tmp_path / "gone" / "a"))
    versions.save(1, "one")
    versions.remove()
    assert versions.load(1) is None


def test_file_is_private_and_can_be_removed(path):
    versions = Versions(path)
    versions.save(1, "one")
    assert os.stat(path).st_mode & 0o777 == 0o600
    versions.remove()
    assert not os.path.exists(path)
