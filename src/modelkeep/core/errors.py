"""Errors a caller may catch; each says what to do next."""

from __future__ import annotations

from typing import ClassVar


class ModelkeepError(Exception):
    """Root of every error this package raises on purpose.

    Args:
        message: what is wrong and where, one sentence.
        hint: the next thing to do; the class's own hint when left out.
    """

    default_hint: ClassVar[str] = "Run again with -v for the full trace."

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint if hint is not None else self.default_hint


class UsageError(ModelkeepError):
    """What was asked for makes no sense as written (exit code 64)."""

    default_hint = "See `modelkeep --help`."


class MalformedArtifactError(ModelkeepError):
    """The bytes are not what their format says: INCONCLUSIVE, never clean."""

    default_hint = "Treat the file as untrusted and ask its publisher for a fresh copy."


class LimitExceededError(MalformedArtifactError):
    """A reader's budget was spent before the end of the file: INCONCLUSIVE."""

    default_hint = "Raise the limit only if you know why the file is this large."


class MissingExtraError(ModelkeepError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed.",
            f"pip install 'modelkeep[{extra}]'",
        )


class InputError(ModelkeepError):
    """A model, data set or setting cannot be used as given."""

    default_hint = "Check the path and the option named above."


class EvidenceError(ModelkeepError):
    """A record, signature, proof or log does not hold."""

    default_hint = "Do not rely on this evidence; compare it with a copy kept elsewhere."
