"""``otelrun summary``: what is said of a run when its program has ended. Started by the agent, or by a launcher that has stayed.

Read without click, which takes as long as all the rest: somebody waits for this. Prints to stdout, all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def summarise(words: Sequence[str], environment: Mapping[str, str]) -> None:
    print("otelrun: summary", *words)
