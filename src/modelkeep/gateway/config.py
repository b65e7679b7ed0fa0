"""The ``[serve]`` section of ``modelkeep.toml``: limits, and rules per model.

An unknown key is an error, as everywhere in the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from modelkeep.core import UsageError

Disclosure = Literal["scores", "top-1", "label"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the settings file."""


class BusinessRule(_Section, frozen=True, kw_only=True):
    """Where a feature lies in a range, a column of the scores must lie in another.

    Attributes:
        id: what refusals name it by.
        feature: number of the input column, from 0.
        above: it applies from this value on.
        below: it applies up to this value.
        column: number of the score's column, from 0.
        at_least: smallest score allowed.
        at_most: largest score allowed.
    """

    id: str
    feature: int
    above: float = float("-inf")
    below: float = float("inf")
    column: int = 0
    at_least: float = float("-inf")
    at_most: float = float("inf")


class ModelRules(_Section, frozen=True, kw_only=True):
    """What holds for one model.

    Attributes:
        artifact: of a model behind a URL, the file or directory whose evidence counts.
        protocol: what the server behind a URL speaks.
        scores: name of the output that holds scores of classes; empty: the last output of
            floats with one row of several columns each.
        low: smallest input allowed, one number or one per column.
        high: largest input allowed.
        probabilities: whether scores are probabilities, and are refused if they are not.
        score_low: smallest score allowed.
        score_high: largest score allowed.
        disclose: how much of the scores is answered.
        decimals: digits of a score behind the point; negative: all.
        rules: business rules.
        calibration: a data set of honest use, for the guards that compare a stream with it.
        require: guards without whose judgement nothing is answered.
        leak_bits: bits of information a principal may draw in all; 0: no budget.
    """

    artifact: str = ""
    protocol: Literal["oip", "mlflow"] = "oip"
    scores: str = ""
    low: float | list[float] | None = None
    high: float | list[float] | None = None
    probabilities: bool = False
    score_low: float = float("-inf")
    score_high: float = float("inf")
    disclose: Disclosure = "scores"
    decimals: int = -1
    rules: tuple[BusinessRule, ...] = ()
    calibration: str = ""
    require: tuple[str, ...] = ()
    leak_bits: float = 0.0


class Serving(_Section, frozen=True, kw_only=True):
    """What holds for the gateway.

    Attributes:
        host: address it listens on.
        port: port it listens on; 0 takes a free one.
        certificate: PEM file of its certificate chain; with ``key`` it speaks TLS only.
        key: PEM file of the certificate's key.
        audit: ``answered``: an answer leaves when its record is on disk; ``queued``: up to
            a batch of answers may leave before.
        body_bytes: longest body.
        rows: most rows of a request.
        values: most values of a tensor, in a request or an answer.
        body_seconds: within which a body must have arrived.
        deadline_seconds: within which the model must have answered.
        concurrency: requests at a time, of all principals.
        principal_concurrency: requests at a time, of one principal.
        principal_rows: rows per second of one principal.
        tenant_rows: rows per second of one tenant.
        global_rows: rows per second of all.
        burst_seconds: seconds of a rate that may come at once.
        models: rules per model.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: str = ""
    key: str = ""
    audit: Literal["answered", "queued"] = "answered"
    body_bytes: int = 16 << 20
    rows: int = 4096
    values: int = 1 << 22
    body_seconds: float = 10.0
    deadline_seconds: float = 10.0
    concurrency: int = 256
    principal_concurrency: int = 64
    principal_rows: float = 2_000.0
    tenant_rows: float = 10_000.0
    global_rows: float = 50_000.0
    burst_seconds: float = 5.0
    models: dict[str, ModelRules] = {}


def read_serving(section: Mapping[str, Any], origin: str = "modelkeep.toml") -> Serving:
    """Read the section.

    Raises:
        UsageError: an unknown key, a value of another type, or one that makes no sense.
    """
    try:
        found = msgspec.convert(dict(section), Serving, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{origin}: [serve] {error}", "See the manual of `serve`.") from error
    least = {
        name: getattr(found, name)
        for name in (
            "body_bytes rows values body_seconds deadline_seconds concurrency "
            "principal_concurrency principal_rows tenant_rows global_rows burst_seconds"
        ).split()
    }
    wrong = [name for name, value in least.items() if not value > 0]
    if wrong:
        raise UsageError(f"{origin}: [serve] {wrong[0]} must be above 0")
    if bool(found.certificate) != bool(found.key):
        raise UsageError(f"{origin}: [serve] certificate and key belong together")
    return found
