"""How a request ends that is not answered: a status, a rule, a sentence."""

from __future__ import annotations

from modelkeep.core import ModelkeepError


class RefusalError(ModelkeepError):
    """A request is refused.

    Attributes:
        status: HTTP status, 400 to 599.
        rule: permanent id of the rule that refused it, such as ``schema.range``.
        retry_after: seconds after which the same request may pass; 0 where time is no remedy.
    """

    default_hint = ""

    def __init__(
        self, status: int, rule: str, message: str, *, retry_after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.rule = rule
        self.retry_after = retry_after
