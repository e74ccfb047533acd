"""A run's profile is what it was at the start, whatever becomes of its file."""

from __future__ import annotations

import os

import pytest

from otelrun.agent.notices import Notices
from otelrun.agent.worker import read_profile, read_profile_text
from otelrun.profile import handoff
from otelrun.profile.model import Profile
from otelrun.ring.directory import create_run


@pytest.fixture
def run(tmp_path):
    made = create_run(str(tmp_path / "state"))
    with open(made.profile, "w", encoding="ascii") as file:
        file.write(handoff.write(Profile(name="mine"), run_directory=made.path, pipeline="agent"))
    return made


@pytest.mark.parametrize("damage", ["none", "removed", "changed", "directory removed"])
def test_it_is_kept_and_written_anew(run, damage):
    text = read_profile_text(run)
    if damage == "changed":
        with open(run.profile, "w", encoding="utf-8") as file:
            file.write("\xe4")
    elif damage != "none":
        os.unlink(run.profile)
    if damage == "directory removed":
        os.rename(run.path, f"{run.path}-moved")

    assert read_profile(run, text, Notices(run.log, None)).name == "mine"

    if damage == "directory removed":
        assert not os.path.exists(run.path)
    else:
        assert read_profile_text(run) == text
        assert os.path.exists(run.log) == (damage != "none")
        assert os.stat(run.profile).st_mode & 0o077 == 0 or damage in ("none", "changed")


def test_what_was_not_there_at_the_start_is_an_error(run):
    with pytest.raises(ValueError, match="handoff"):
        read_profile(run, "", Notices(run.log, None))
