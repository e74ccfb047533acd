"""What was removed before it was delivered is kept in numbers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otelrun.store import losses
from otelrun.store.losses import Loss

if TYPE_CHECKING:
    from pathlib import Path


def test_losses_add_up_and_a_damaged_line_hides_none(tmp_path: Path) -> None:
    assert losses.read(str(tmp_path)) == Loss()
    losses.keep(str(tmp_path), "a", Loss(1, 5, 6))
    with open(tmp_path / losses.FILE, "ab") as file:
        file.write(b'\xff{\n[7]\n{"runs": "x", "spans": 1}\n')
    losses.keep(str(tmp_path), "b", Loss(1, 0, 1, 2, 3))
    assert losses.read(str(tmp_path)) == Loss(2, 6, 7, 2, 3)
    assert os.stat(tmp_path / losses.FILE).st_mode & 0o777 == 0o600


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    (tmp_path / losses.FILE).write_text("\n" * 1024 * 1024)
    losses.keep(str(tmp_path), "a", Loss(1, 5))
    assert losses.read(str(tmp_path)) == Loss()


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path: Path) -> None:
    losses.keep(str(tmp_path / "missing"), "a", Loss(1, 5))


def test_a_loss_is_said_in_words() -> None:
    assert str(Loss(1, 1_204, 1, 2, 1)) == "1,204 spans, 1 log record, 2 metric points, 1 unread ring"
