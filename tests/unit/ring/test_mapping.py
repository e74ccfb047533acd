"""A mapped ring never closes, or stands in for, a descriptor of the program's."""

from __future__ import annotations

import os
import sys

import pytest

from otelrun.ring import mapping

keeps_a_descriptor = pytest.mark.skipif(sys.version_info >= (3, 13), reason="this mmap keeps no descriptor")


@pytest.fixture
def file(tmp_path):
    fd = os.open(tmp_path / "ring", os.O_RDWR | os.O_CREAT)
    os.truncate(fd, 4096)
    yield fd
    os.close(fd)


def test_the_mapping_is_the_file(file):
    mapped, _ = mapping.map_file(file, 4096)
    mapped[:4] = b"ring"
    assert os.pread(file, 4, 0) == b"ring"
    mapped.close()


@keeps_a_descriptor
def test_it_tells_which_descriptor_it_keeps(file):
    mapped, number = mapping.map_file(file, 4096)
    assert number != file
    assert os.path.samestat(os.fstat(number), os.fstat(file))
    mapped.close()


@keeps_a_descriptor
def test_a_closed_standard_stream_is_not_replaced_by_it(file):
    saved = os.dup(0)
    os.close(0)
    try:
        mapped, number = mapping.map_file(file, 4096)
        assert number > 2
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
        mapped.close()
    finally:
        os.dup2(saved, 0)
        os.close(saved)


@keeps_a_descriptor
def test_a_descriptor_that_has_become_the_programs_stays_open(file, tmp_path):
    mapped, number = mapping.map_file(file, 4096)
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT)
    os.dup2(theirs, number)  # as after closing every descriptor and opening a file
    mapping.keep_if_descriptor_is_gone(mapped, number, os.fstat(file))
    del mapped
    assert os.path.samestat(os.fstat(number), os.fstat(theirs))
    os.close(number)
    os.close(theirs)


@keeps_a_descriptor
def test_its_own_descriptor_goes_with_it(file):
    mapped, number = mapping.map_file(file, 4096)
    mapping.keep_if_descriptor_is_gone(mapped, number, os.fstat(file))
    del mapped
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
