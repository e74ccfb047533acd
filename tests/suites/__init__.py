"""Suites of others, run bare and under otelrun: the same tests pass, or the difference has a name. Run by hand, a share in CI."""
