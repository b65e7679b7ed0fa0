"""Faults done to a running gateway: killed under load, sent damaged requests, asked too much.

    python benchmarks/gateway_faults.py [--kills 50] [--requests 100000] [--seconds 20]

* **kills**: a gateway that answers only what is recorded is asked by four clients, killed by
  SIGKILL at a random moment, started again, and so on; printed are the answers acknowledged,
  those that the log does not hold, and what ``modelkeep evidence verify`` says at the end.
* **damaged requests**: heads and bodies cut, spliced and flipped, by a fixed seed, over real
  connections; printed are the statuses, 5xx by rule, leaks of another principal's row, and
  the memory after each tenth.
* **greed**: a principal asks as fast as it can at a limit it exceeds a hundredfold, beside
  four that stay within theirs; printed is what the others got alone and beside it.

There is no peer to compare with. Exit status: 0 if nothing was lost, leaked or unnamed.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
os.environ["PYTHONPATH"] = str(ROOT / "src")

import check_samples  # noqa: E402 - found by the path above
import gateway_faults as faults  # noqa: E402
from gateway_processes import Client, Running, serving  # noqa: E402
from gateway_samples import Cleared  # noqa: E402
from modelkeep import pipeline  # noqa: E402

_WIDE: Final = {"tenant_rows": 1e9, "global_rows": 1e9, "audit": "queued"}
_LIMIT: Final = 10.0  # rows per second of a principal, in the last part


def clear(folder: Path) -> Cleared:
    """The tests' sample model, signed and checked under prod."""
    sample = check_samples.write_sample(folder)
    keep = str(folder / "keep")
    pipeline.sign(sample.model, keep=keep)
    pipeline.check(sample.model, **sample.rows, keep=keep, profile="prod")
    return Cleared(sample.model, folder / "keep")


def kills(cleared: Cleared, count: int) -> bool:
    """Kill a gateway under load, again and again; whether nothing was lost."""
    seen = faults.kill_under_load(cleared, count)
    lost, said = faults.lost(cleared, seen), faults.verify_log(cleared)
    print(
        f"killed {seen.rounds} times: {len(seen.acknowledged)} answers acknowledged,"
        f" {len(lost)} lost; statuses {dict(seen.statuses)};"
        f" ready after {max(seen.recovery):.1f} s at most; evidence verify exits {said.code}"
    )
    return not lost and said.code == 0


def damaged(cleared: Cleared, count: int) -> bool:
    """Send damaged requests; whether there was no fault and no leak."""
    faults.write_settings(Path.cwd(), principal_rows=1e9, body_seconds=1.0, **_WIDE)
    with serving(cleared) as running:
        found = asyncio.run(faults.fuzz(running, count, parts=10))
    memory = [size >> 20 for size in found.memory]
    print(
        f"{sum(found.statuses.values())} damaged requests: statuses"
        f" {dict(sorted(found.statuses.items()))} (0: closed or never whole),"
        f" 5xx {dict(found.faults)}, leaks {found.leaks}, memory {memory} MB"
    )
    return not found.faults and not found.leaks


def greed(cleared: Cleared, seconds: float) -> None:
    """Four principals within their limit, alone and beside one far over its own."""
    faults.write_settings(Path.cwd(), principal_rows=_LIMIT, burst_seconds=1.0, **_WIDE)
    with serving(cleared) as running:
        admin = Client(running.port, running.key)
        keys = []
        for name in "abcde":
            made = admin.ask("POST", "/modelkeep/keys", {"tenant": name, "models": ["sample"]})
            keys.append(check_samples.msgspec.json.decode(made.body)["secret"])
        alone, _ = _rates(running, keys[:4], "", seconds)
        beside, asked = _rates(running, keys[:4], keys[4], seconds)
    share = [after / before for before, after in zip(alone, beside, strict=True)]
    print(
        f"greedy principal asked {asked / seconds / _LIMIT:.0f}x its limit: others got"
        f" {min(share):.3f} of their throughput at least ({alone} then {beside} rows)"
    )


def _rates(
    running: Running, keys: list[str], greedy: str, seconds: float
) -> tuple[list[int], int]:
    """Rows answered to each key at 80 % of its limit, and what the greedy one asked."""
    got, asked, end = [0] * len(keys), [0], time.monotonic() + seconds

    def honest(at: int) -> None:
        client = Client(running.port, keys[at])
        due = time.monotonic()
        while (due := due + 1.25 / _LIMIT) < end:
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() < end:
                got[at] += client.infer().status == http.client.OK
        client.close()

    def greed() -> None:
        client = Client(running.port, greedy)
        while time.monotonic() < end:
            client.infer()
            asked[0] += 1
            time.sleep(max(0.0, 0.01 / _LIMIT))
        client.close()

    threads = [threading.Thread(target=honest, args=(at,)) for at in range(len(keys))]
    threads += [threading.Thread(target=greed)] if greedy else []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got, asked[0]


def main() -> int:
    """Do all of it in a folder that is gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        cleared = clear(Path(folder))
        held = kills(cleared, wanted.kills) if wanted.kills else True
        if wanted.requests:
            held = damaged(cleared, wanted.requests) and held
        if wanted.seconds:
            greed(cleared, wanted.seconds)
        os.chdir(ROOT)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
