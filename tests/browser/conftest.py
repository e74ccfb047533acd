"""One browser, one server and one set of runs for all tests of the page; a page of its own for each test.

Where there is no Chromium, or npm cannot give axe-core, the tests that need it are skipped with that reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.busy_shop import make_busy_run
from tests.support.chromium import Chromium, find_chromium
from tests.support.hostile_run import CANARY, make_hostile_run
from tests.support.npm_packages import NotInstallableError, npm_file
from tests.support.page_server import UiServer, place
from tests.support.programs import run_otelrun
from tests.support.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.browser_page import BrowserPage

EXAMPLES = Path(ROOT) / "docs" / "examples"
IMAGES = Path(ROOT) / "docs" / "images"
LARGEST_PICTURE = 150_000
REQUESTS = 40
BUSY, BUSY_SPANS, LONGEST = "20261124-100000-00a0", 100_000, 3_000
REPORTED, REPORTED_SPANS = "20261124-100000-00a1", 20_000
HOSTILE = "20261124-100000-00b0"
ARTEFACTS = Path(ROOT) / "artefacts"
"""Where screenshots are left."""

HAS_FAILED = pytest.StashKey[bool]()


class Runs:
    """The runs that the tests look at, each made when it is first asked for."""

    def __init__(self, root: Path, programs: Path) -> None:
        self.root = root
        self._programs = programs
        for name in ("shop", "clinic", "busy", "reported", "hostile"):
            setattr(self, name, cache(getattr(self, name)))

    def path(self, run_id: str) -> Path:
        return self.root / "runs" / run_id

    def shop(self) -> str:
        """Give the id of a run of the shop with 40 customers, recorded for real."""
        return self._record("shop", sys.executable, "--requests", str(REQUESTS))

    def clinic(self, python: str) -> str:
        """Give the id of a run of the clinic on an interpreter that has upstream's instrumentation of sqlite3."""
        return self._record("clinic", python, "--rounds", "20")

    def _record(self, name: str, python: str, *options: str) -> str:
        """Run a copy of an example in its own directory; gives the id of the run."""
        place = self._programs / name
        shutil.copytree(EXAMPLES / name, place, dirs_exist_ok=True)
        before = self._ids()
        recorded = run_otelrun([python, "app.py", *options], otelrun_dir=self.root, cwd=place)
        assert recorded.returncode == 0
        (run_id,) = self._ids() - before
        return run_id

    def busy(self) -> str:
        """Give the id of a run of 100,000 spans, one trace of which has 3,000."""
        make_busy_run(os.fspath(self.root), BUSY, BUSY_SPANS, longest=LONGEST)
        return BUSY

    def reported(self) -> str:
        """Give the id of a run of 20,000 spans."""
        make_busy_run(os.fspath(self.root), REPORTED, REPORTED_SPANS)
        return REPORTED

    def hostile(self) -> str:
        """Give the id of a run whose every text is an attack."""
        make_hostile_run(os.fspath(self.root), HOSTILE)
        return HOSTILE

    def _ids(self) -> set[str]:
        return set(os.listdir(self.root / "runs")) if (self.root / "runs").exists() else set()


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Give the runs; where pictures are made, of programs in a place that could be anybody's."""
    is_updating = bool(request.config.getoption("--update-screenshots"))
    return Runs(
        tmp_path_factory.mktemp("otelrun"), Path("/tmp") if is_updating else tmp_path_factory.mktemp("programs")
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium is not installed; on Debian and Ubuntu: apt install chromium")
    with Chromium(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def axe_source() -> str:
    try:
        return Path(npm_file("axe-core", "axe.min.js")).read_text(encoding="utf-8")
    except NotInstallableError as error:
        pytest.skip(f"axe-core cannot be had from npm: {error}")


@pytest.fixture(scope="session")
def server(runs: Runs) -> Iterator[UiServer]:
    runs.shop()
    with UiServer(runs.root) as running:
        yield running


class Pictures:
    """Keeps pictures for the documentation, smaller where pngquant is installed; without ``--update-screenshots`` nowhere."""

    def __init__(self, folder: Path, *, is_updating: bool) -> None:
        self.is_updating = is_updating
        self._folder = folder

    def __call__(self, page: BrowserPage, name: str) -> None:
        picture = self._folder / f"{name}.png"
        page.screenshot(picture)
        if self.is_updating and shutil.which("pngquant"):
            command = ["pngquant", "--force", "--output", picture, "--speed", "1", picture]
            subprocess.run(command, check=True, timeout=60)
        assert picture.stat().st_size < LARGEST_PICTURE or not self.is_updating


@pytest.fixture
def keep_picture(request: pytest.FixtureRequest, tmp_path: Path) -> Pictures:
    is_updating = bool(request.config.getoption("--update-screenshots"))
    return Pictures(IMAGES if is_updating else tmp_path, is_updating=is_updating)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Leave a mark at a test that has failed, for ``open_page``."""
    report = yield
    item.stash[HAS_FAILED] = report.failed or item.stash.get(HAS_FAILED, False)
    return report


@pytest.fixture
def open_page(
    chromium: Chromium, server: UiServer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserPage]]:
    """Open a place of the page: ``open_page(run, view, …)``; see ``place``. Options of the window: ``is_dark``, ``width``, ``height``.

    Afterwards nothing may have gone wrong in it, nothing may have run that telemetry brought along, and every request must have
    gone to the server. What the pages of a test that failed show is kept among the artefacts.
    """
    pages: list[BrowserPage] = []

    def opened(*where: str, is_dark: bool = False, width: int = 1280, height: int = 900, **query: str) -> BrowserPage:
        page = chromium.new_page(is_dark=is_dark, width=width, height=height)
        pages.append(page)
        page.open(server.link(place(*where, **query)))
        return page

    yield opened
    for number, page in enumerate(pages):
        page.pump()
        if request.node.stash.get(HAS_FAILED, False):
            page.screenshot(ARTEFACTS / "failed" / f"{request.node.name.replace('/', '_')}-{number}.png")
        foreign = [
            request.url for request in page.requests if not request.url.startswith((server.origin + "/", "data:"))
        ]
        is_taken = page.evaluate(f"'{CANARY}' in window")
        violations = page.measured()["violations"]
        page.close()
        assert (page.problems, foreign, violations, is_taken) == ([], [], [], False)
