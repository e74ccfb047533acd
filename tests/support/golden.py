"""Texts that a person reviewed, kept in ``tests/golden``; ``pytest --update-golden`` rewrites them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "golden"


@dataclass(frozen=True)
class Golden:
    """Compares with, or rewrites, the golden files."""

    is_updating: bool
    folder: Path = FOLDER

    def check(self, name: str, text: str) -> None:
        """Compare ``text``, scrubbed of what varies by its maker, with the file ``name``.

        Raises:
            AssertionError: it differs, or there is no such file yet.
        """
        path = self.folder / name
        if self.is_updating:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        expected = path.read_text(encoding="utf-8") if path.exists() else None
        assert text == expected, f"{path.name} differs; look at it, then run pytest --update-golden"
