"""How an endpoint is spoken to: what goes out for some rows, what an answer says.

Three schemes: the Open Inference Protocol (``https://host/v2/models/NAME``), the scoring
server of MLflow (``https://host/invocations``), and plain JSON (any other path:
``{"instances": rows}``, answered by ``{"predictions": scores}`` or a bare list). Texts go out
as strings.

Sources: Open Inference Protocol, version 2 (REST); MLflow scoring server documentation.
"""

from __future__ import annotations

import json
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np

Scheme = Literal["open inference", "mlflow", "json"]


def scheme_of(address: str) -> Scheme:
    """Which scheme an address speaks, by its path."""
    path = urlsplit(address).path.rstrip("/")
    if "/v2/models/" in path:
        return "open inference"
    return "mlflow" if path.endswith("/invocations") else "json"


def write_request(scheme: Scheme, path: str, rows: np.ndarray) -> tuple[str, bytes]:
    """Path and body of one request.

    Args:
        scheme: how the endpoint is spoken to.
        path: of its address.
        rows: numbers or texts, shape ``(batch, ...)``.
    """
    if scheme == "mlflow":
        return path, json.dumps({"inputs": rows.tolist()}).encode()
    if scheme == "json":
        return path or "/", json.dumps({"instances": rows.tolist()}).encode()
    tensor = {
        "name": "input",
        "shape": list(rows.shape),
        "datatype": "FP32" if rows.dtype.kind in "fiub" else "BYTES",
        "data": rows.ravel().tolist(),
    }
    ready = path.rstrip("/")
    return (
        ready if ready.endswith("/infer") else f"{ready}/infer",
        json.dumps({"inputs": [tensor]}).encode(),
    )


def read_scores(scheme: Scheme, answer: Any) -> np.ndarray:  # noqa: ANN401 - any JSON
    """Scores of an answer, shape ``(batch, classes)``.

    Raises:
        ValueError, KeyError, TypeError, IndexError, OverflowError: it holds none.
    """
    if scheme == "open inference":
        outputs = answer["outputs"]
        numeric = [o for o in outputs if str(o["datatype"]).startswith("FP")]
        chosen = numeric[-1] if numeric else outputs[0]
        scores = np.array(chosen["data"], dtype=np.float64).reshape(chosen["shape"])
    else:
        listed = answer.get("predictions", answer) if isinstance(answer, dict) else answer
        scores = np.array(listed, dtype=np.float64)
    return scores[:, None] if scores.ndim == 1 else scores.reshape(len(scores), -1)
