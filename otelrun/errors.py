"""The one tree of errors. Each has a slug (documented in docs/reference/errors.md) and the exit status it ends with.

A message says what is wrong, where, and what to do; it never holds a secret.
"""

from __future__ import annotations


class OtelrunError(Exception):
    """Base of every error otelrun raises on purpose.

    Attributes:
        slug: short stable name, for documentation and tests.
        exit_status: what the command line ends with.
    """

    slug = "error"
    exit_status = 1


class CommandNotFoundError(OtelrunError):
    """The command is neither on PATH nor a file."""

    slug = "command-not-found"
    exit_status = 127


class CommandNotExecutableError(OtelrunError):
    """The command exists and cannot be executed."""

    slug = "command-not-executable"
    exit_status = 126


class ProfileError(OtelrunError):
    """A profile cannot be used.

    Attributes:
        problems: one printable line per mistake, at least one.
    """

    slug = "profile-invalid"
    exit_status = 2

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep all problems; the text of the exception is one line per problem."""
        super().__init__("\n".join(problems))
        self.problems = problems


class RunDirectoryError(OtelrunError):
    """The run directory cannot be made, or belongs to somebody else."""

    slug = "run-directory"


class StoreError(OtelrunError):
    """A store cannot be opened or read."""

    slug = "store"


class StoreEmptyError(StoreError):
    """Nothing has been written to a store yet."""


class RunInUseError(OtelrunError):
    """A run cannot be removed: it goes on, or holds what was not delivered yet."""

    slug = "run-in-use"


class NotFoundError(OtelrunError):
    """No run or trace answers to what was asked for."""

    slug = "not-found"


class PrunedError(NotFoundError):
    """What was asked for may have been removed, so that a run keeps to its size."""

    slug = "pruned"


class QueryError(StoreError):
    """A query that somebody wrote is wrong, asks for more than reading, or takes too long."""

    slug = "sql"


class PortError(OtelrunError):
    """The port that was asked for is not free."""

    slug = "port"


class ReportError(OtelrunError):
    """A report cannot be made, written or read."""

    slug = "report"


class NotDeliveredError(OtelrunError):
    """Some of what was to be sent has not arrived."""

    slug = "not-delivered"


class UnreadableFileError(OtelrunError):
    """A file that was to be opened cannot be read, or holds nothing that can be."""

    slug = "unreadable-file"
