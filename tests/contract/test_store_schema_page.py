"""docs/reference/store-schema.md says what otelrun/store/schema.py makes; ``pytest --update-golden`` rewrites its tables."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from otelrun.store import schema
from tests.support.shop_trace import write_run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "store-schema.md"
BEGIN, END = "<!-- made from otelrun/store/schema.py -->\n", "<!-- end -->\n"


def tables() -> str:
    parts = []
    for table in schema.TABLES:
        parts.append(
            f"### `{schema.name_of(table)}`\n\n{schema.comment_of(table)}\n\n| column | type | meaning |\n|---|---|---|\n"
        )
        parts.extend(f"| `{c.name}` | {c.type} | {c.comment} |\n" for c in schema.columns_of(table))
        parts.append("\n")
    parts.append("## Views\n\n")
    parts.extend(f"- `{schema.name_of(view)}`: {schema.comment_of(view)}\n" for view in schema.VIEWS)
    parts.append("\n## Versions\n\n")
    parts.extend(f"- {version}: {change}.\n" for version, change in schema.HISTORY.items())
    return "".join(parts)


def test_the_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    made, _, after = rest.partition(END)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(before + BEGIN + tables() + END + after, encoding="utf-8")
    else:
        assert made == tables()


def test_the_programs_of_the_page_run(tmp_path: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    run = write_run(str(tmp_path))
    assert len(programs) == 2
    for program in programs:
        if "pandas" in program and find_spec("pandas") is None:
            continue  # it is large, and nothing else needs it
        result = subprocess.run([sys.executable, "-c", program], cwd=run, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        assert ("POST /orders" in result.stdout) == ("print" in program)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="SQLite's shell is not installed")
def test_the_shell_shows_what_the_page_says(tmp_path: Path) -> None:
    query = "SELECT name, type FROM errors ORDER BY name"
    command = ["sqlite3", "-readonly", "-box", "store.db", query]
    result = subprocess.run(command, cwd=write_run(str(tmp_path)), capture_output=True, text=True, check=False)
    assert "│ POST /orders" in result.stdout


def test_the_queries_of_the_page_run(tmp_path: Path) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    connection = sqlite3.connect(Path(write_run(str(tmp_path))) / "store.db")
    try:
        assert [bool(connection.execute(query).fetchall()) for query in queries] == [True] * len(queries)
    finally:
        connection.close()
    assert queries
