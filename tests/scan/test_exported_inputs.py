"""Inputs kept in an exported program are said; other archives are left alone."""

from __future__ import annotations

import io

import pytest
import torch

from modelkeep.core import Severity
from modelkeep.scan.exported_inputs import DETECTOR
from samples import found_by, zip_of


class Twice(torch.nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows * 2


@pytest.mark.filterwarnings("ignore")
def test_the_inputs_of_a_real_export_are_said() -> None:
    out = io.BytesIO()
    torch.export.save(torch.export.export(Twice(), (torch.ones(2, 3),)), out)
    (finding,) = found_by(DETECTOR, out.getvalue())
    assert finding.severity is Severity.LOW
    assert "sample_inputs" in finding.message


def test_other_archives_are_left_alone() -> None:
    assert found_by(DETECTOR, zip_of({"data/sample_inputs/model.pt": b"x"})) == []
    assert found_by(DETECTOR, zip_of({"archive_format": b"pt2", "data/weights/w": b"x"})) == []
