"""The profile's sampler as five numbers: one bound per kind of parent. Pure.

A span is sampled when the low 64 bits of its trace id are below the bound: 0 is never, 2**64 always, and a ratio lies between,
at the same place as in the SDK, so that processes with either decide alike. Every sampler of ours composes to five bounds, so
a decision is one comparison.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from otelrun.profile import model

NO_PARENT = 0
REMOTE_SAMPLED = 1
REMOTE_NOT_SAMPLED = 2
LOCAL_SAMPLED = 3
LOCAL_NOT_SAMPLED = 4

NEVER = 0
ALWAYS = 1 << 64
LOW_BITS = ALWAYS - 1

Bounds = tuple[int, int, int, int, int]


def bounds(sampler: model.Sampler) -> Bounds:
    """Give the bound for each kind of parent, at the indices above.

    Raises:
        ValueError: the sampler is not one of ours, or its ratio is not between 0 and 1.
    """
    if sampler.kind == "always_on":
        return (ALWAYS,) * 5
    if sampler.kind == "always_off":
        return (NEVER,) * 5
    if sampler.kind == "trace_id_ratio_based":
        if not 0.0 <= sampler.ratio <= 1.0:
            message = f"the ratio {sampler.ratio} is not between 0 and 1"
            raise ValueError(message)
        return (round(sampler.ratio * ALWAYS),) * 5
    if sampler.kind == "parent_based":
        return (
            _delegate(sampler.root, NO_PARENT, ALWAYS),
            _delegate(sampler.remote_parent_sampled, REMOTE_SAMPLED, ALWAYS),
            _delegate(sampler.remote_parent_not_sampled, REMOTE_NOT_SAMPLED, NEVER),
            _delegate(sampler.local_parent_sampled, LOCAL_SAMPLED, ALWAYS),
            _delegate(sampler.local_parent_not_sampled, LOCAL_NOT_SAMPLED, NEVER),
        )
    message = f"no sampler {sampler.kind!r} in the agent's pipeline"
    raise ValueError(message)


def _delegate(sampler: model.Sampler | None, parent: int, default: int) -> int:
    return default if sampler is None else bounds(sampler)[parent]
