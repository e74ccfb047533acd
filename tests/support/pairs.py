"""Fidelity: run one program twice, bare and under otelrun, and compare all that anyone outside can see."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.programs import DEADLINE_S, Result, run_otelrun, run_python

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Pair:
    """Both ends of the same program."""

    bare: Result
    observed: Result


def run_pair(
    args: Sequence[str],
    *,
    options: Sequence[str] = (),
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    deadline_s: float = DEADLINE_S,
) -> Pair:
    """Run ``python *args`` bare, then ``otelrun *options python *args`` with the same interpreter."""
    bare = run_python(args, stdin=stdin, env=env, cwd=cwd, deadline_s=deadline_s)
    observed = run_otelrun([*options, sys.executable, *args], stdin=stdin, env=env, cwd=cwd, deadline_s=deadline_s)
    return Pair(bare, observed)


def assert_same(pair: Pair) -> None:
    """Compare stdout, stderr, exit status and signal death, byte for byte."""
    bare, observed = pair.bare, pair.observed
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
