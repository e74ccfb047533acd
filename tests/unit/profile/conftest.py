"""Loads a profile from text, in a directory of its own, as ``profile.yaml``."""

from __future__ import annotations

import pytest

from otelrun.errors import ProfileError
from otelrun.profile.loading import load_profile


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a text: ``load(text, environment, **arguments)`` gives a ``LoadedProfile``."""
    monkeypatch.chdir(tmp_path)

    def load_text(text, environment=None, **arguments):
        (tmp_path / "profile.yaml").write_text(text)
        return load_profile("./profile.yaml", environment or {}, **arguments)

    return load_text


@pytest.fixture
def problems_of(load):
    """Give the problems of a text that cannot be loaded."""

    def problems(text, environment=None, **arguments):
        with pytest.raises(ProfileError) as caught:
            load(text, environment, **arguments)
        return caught.value.problems

    return problems
