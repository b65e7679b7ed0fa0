"""Certificates that hold whatever an attacker does within a number of rows."""

from modelkeep.data.certified.partition_aggregation import (
    MOST_ROWS,
    Certificate,
    Ensemble,
    certify,
    partition_rows,
    train_ensemble,
)

__all__ = [
    "MOST_ROWS",
    "Certificate",
    "Ensemble",
    "certify",
    "partition_rows",
    "train_ensemble",
]
