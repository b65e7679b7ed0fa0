"""Write the malicious and malformed half of the corpus: ``python tests/corpus/build.py OUT``.

Every payload is inert, every sample is written byte by byte, none is ever loaded. The
output is the same on every run; ``OUT/manifest.json`` has one entry per sample.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import (
    archives,
    arrays,
    build_files,
    code_carriers,
    configurations,
    interpolation,
    keras_files,
    markup,
    onnx_files,
    other_frameworks,
    pickle_basic,
    pickle_disguise,
    pickle_evasion,
    pickle_gadgets,
    pickle_nesting,
    python_code,
    repositories,
    smuggled,
    tensorflow_files,
    torch_files,
    weights,
)
from corpus.sample import Sample, by_id

MODULES: Final[tuple[ModuleType, ...]] = (
    keras_files,
    pickle_basic,
    pickle_gadgets,
    pickle_evasion,
    pickle_nesting,
    repositories,
    tensorflow_files,
    torch_files,
    weights,
    configurations,
    archives,
    arrays,
    onnx_files,
    code_carriers,
    other_frameworks,
    pickle_disguise,
    interpolation,
    build_files,
    smuggled,
    markup,
    python_code,
)


def samples() -> dict[str, Sample]:
    """Every sample by its id."""
    return by_id(_every())


def _every() -> Iterator[Sample]:
    for module in MODULES:
        yield from module.samples()


def main() -> int:
    """Run from the command line."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: build.py OUT\n")
        return 64
    out = Path(sys.argv[1])
    manifest = []
    for sample in samples().values():
        path = sample.write(out)
        manifest.append(
            {
                "path": path.relative_to(out).as_posix(),
                "group": sample.group,
                "family": sample.family,
                "verdict": sample.verdict,
                "source": sample.source,
            }
        )
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
