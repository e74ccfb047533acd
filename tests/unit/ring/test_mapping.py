"""A mapped ring has no descriptor, and never closes one of the program's."""

from __future__ import annotations

import gc
import os
import sys
import weakref

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
    before = os.listdir("/proc/self/fd")
    mapped, number = mapping.map_file(file, 4096)
    mapped[:4] = b"ring"
    assert os.pread(file, 4, 0) == b"ring"
    assert os.listdir("/proc/self/fd") == before
    del mapped
    mapping.let_go(number)


@keeps_a_descriptor
def test_closed_standard_streams_are_not_used_for_it(file):
    saved = os.dup(0)
    os.close(0)
    try:
        mapped, number = mapping.map_file(file, 4096)
        assert number > 2
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
        del mapped
        mapping.let_go(number)
    finally:
        os.dup2(saved, 0)
        os.close(saved)


@keeps_a_descriptor
def test_a_descriptor_that_has_become_the_programs_stays_open(file, tmp_path):
    mapped, number = mapping.map_file(file, 4096)
    gone = weakref.ref(mapped)
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT)
    if theirs != number:
        os.dup2(theirs, number)
        os.close(theirs)
    del mapped
    mapping.let_go(number)
    gc.collect()
    assert gone() is not None
    assert os.readlink(f"/proc/self/fd/{number}") == os.fspath(tmp_path / "theirs")
    os.close(number)


@keeps_a_descriptor
def test_what_is_in_use_stays_mapped(file):
    mapped, number = mapping.map_file(file, 4096)
    view = memoryview(mapped).cast("Q")
    del mapped
    mapping.let_go(number)
    view[0] = 1
    assert os.pread(file, 1, 0) == b"\1"


@keeps_a_descriptor
def test_what_nobody_uses_is_unmapped_when_it_may_go(file):
    mapped, number = mapping.map_file(file, 4096)
    gone = weakref.ref(mapped)
    del mapped
    gc.collect()
    assert gone() is not None
    mapping.let_go(number)
    assert gone() is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
