"""What it costs to import the package and to print the help, over bare Python.

    python benchmarks/startup.py [--runs 15]

Targets: `import modelkeep` under 100 ms and `modelkeep --help` under 300 ms more
than `python -c pass`, and no framework imported.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "bare python": ["-c", "pass"],
    "import modelkeep": ["-c", "import modelkeep"],
    "modelkeep --help": ["-m", "modelkeep", "--help"],
}
FRAMEWORKS = ("torch", "numpy", "sqlalchemy", "cedarpy", "onnxruntime", "sklearn")


def seconds(arguments: list[str], runs: int) -> list[float]:
    """Wall times of a command, one per run."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return times


def imported() -> list[str]:
    """Frameworks that `import modelkeep` pulls."""
    code = "import sys, modelkeep; print(' '.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return sorted(set(FRAMEWORKS) & set(run.stdout.split()))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(f"machine: {platform.machine()}, Python {platform.python_version()}, {runs} runs")
    medians = {}
    for name, arguments in COMMANDS.items():
        times = seconds(arguments, runs)
        medians[name] = statistics.median(times)
        print(
            f"{name:<18} median {medians[name] * 1e3:7.1f} ms   min {min(times) * 1e3:7.1f} ms"
        )
    bare = medians["bare python"]
    for name, target in (("import modelkeep", 100), ("modelkeep --help", 300)):
        extra = (medians[name] - bare) * 1e3
        word = "met" if extra < target else "MISSED"
        print(f"{name} over bare python: {extra:.1f} ms (target {target} ms: {word})")
    print(f"frameworks pulled by import modelkeep: {', '.join(imported()) or 'none'}")


if __name__ == "__main__":
    main()
