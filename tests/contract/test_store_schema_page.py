"""docs/reference/store-schema.md says what otelrun/store/schema.py makes; ``pytest --update-golden`` rewrites its tables."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from otelrun.store import schema
from tests.support.shop_trace import write_run

if TYPE_CHECKING:
    import pytest

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


def test_the_queries_of_the_page_run(tmp_path: Path) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    connection = sqlite3.connect(Path(write_run(str(tmp_path))) / "store.db")
    try:
        assert [bool(connection.execute(query).fetchall()) for query in queries] == [True] * len(queries)
    finally:
        connection.close()
    assert queries
