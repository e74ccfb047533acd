"""Suites of others, run bare and under otelrun: what they say of every test has to be the same."""
