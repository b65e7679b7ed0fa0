"""What custody costs: hashing, signing, verifying again, authorising, the gate, encryption.

    python benchmarks/custody.py --setup DIR        # the peer's environment, once
    python benchmarks/custody.py --peers DIR [--data DIR] [--bytes N] [--files N]

All figures are CPU seconds (user and system) of one process each, from one run; ratios are
to raw ``hashlib.sha256`` over the same files in the same run, and to model_signing 1.1.1 in
an environment of its own. The files are made in ``--data`` and removed.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

PEER: Final = ("model-signing==1.1.1", "pyopenssl==26.4.0")
GIB: Final = 1 << 30
CHUNK: Final = 4 << 20

RAW = """
import hashlib, pathlib, sys
buffer = memoryview(bytearray(4 << 20))
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if path.name == "model.sig": continue
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer): digest.update(buffer[:count])
"""
OURS = """
import sys
from modelkeep.sources import Hashing, digest_artifact, open_artifact
digest_artifact(open_artifact(sys.argv[1]), hashing=Hashing[sys.argv[2]])
"""
SIGN = """
import sys
from pathlib import Path
from modelkeep.evidence import SigningKey
from modelkeep.sources import Hashing, digest_artifact, open_artifact
from modelkeep.trust import sign_artifact
artifact = open_artifact(sys.argv[1])
manifest = digest_artifact(artifact, hashing=Hashing.INTEROP)
sign_artifact(artifact, manifest, SigningKey.load(Path(sys.argv[2])))
"""


def cost(command: list[str]) -> tuple[float, int]:
    """CPU seconds and peak memory (MiB) of a process.

    Raises:
        SystemExit: it failed.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read() if process.stderr is not None else b""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:3]} failed: {said.decode()[-500:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss >> 10


def show(what: str, seconds: float, raw: float, target: str = "") -> None:
    """One line: a figure and its ratio to the raw hash."""
    print(f"{what:<46} {seconds:8.2f} s CPU   {seconds / raw:5.2f}x raw   {target}")


def fill(folder: Path, files: int, size: int) -> None:
    """Write files of random bytes."""
    folder.mkdir(parents=True)
    block = secrets.token_bytes(CHUNK)
    for number in range(files):
        with (folder / f"{number:05}.bin").open("wb") as file:
            file.write(number.to_bytes(8, "big"))
            for at in range(8, size, CHUNK):
                file.write(block[: min(CHUNK, size - at)])


def hashing(folder: Path, key: Path, peer: Path | None, title: str) -> None:
    """Digests and signatures of one directory."""
    print(f"\n{title}")
    python = sys.executable
    cost([python, "-c", RAW, str(folder)])  # warms the page cache
    raw, _ = cost([python, "-c", RAW, str(folder)])
    show("raw hashlib.sha256", raw, raw)
    for mode, target in (("INTEROP", "target 1.05"), ("BOTH", "target 1.12"), ("FAST", "")):
        seconds, peak = cost([python, "-c", OURS, str(folder), mode])
        name = {"INTEROP": "sha256", "BOTH": "sha256 and blake3", "FAST": "blake3"}[mode]
        show(f"modelkeep, {name} ({peak} MiB)", seconds, raw, target)
        if mode == "FAST":
            print(f"{'':<46} {raw / seconds:8.1f} times less than sha256   target 8")
    ours, _ = cost([python, "-c", SIGN, str(folder), str(key)])
    show("modelkeep, sign", ours, raw)
    if peer is not None:
        tool = [str(peer / "bin" / "python"), "-m", "model_signing", "sign", "key"]
        signature = folder.parent / "peer.sig"
        arguments = ["--signature", str(signature), "--private_key", str(key)]
        theirs, _ = cost([*tool, str(folder), *arguments])
        show("model_signing 1.1.1, sign", theirs, raw)
        print(f"{'':<46} {theirs / ours:8.2f} times ours   target 1.1 for many files")
    (folder / "model.sig").unlink()


def each(work: Callable[[], object], runs: int) -> float:
    """Mean CPU microseconds of a call."""
    work()
    start = time.process_time_ns()
    for _ in range(runs):
        work()
    return (time.process_time_ns() - start) / runs / 1e3


def deciding(runs: int) -> None:
    """Access and gate, from parsed handles."""
    from modelkeep.core.settings import resolve  # noqa: PLC0415 - not for the children above
    from modelkeep.evidence import Facts  # noqa: PLC0415
    from modelkeep.policy import (  # noqa: PLC0415
        Principal,
        Resource,
        authorise,
        decide,
        load_access,
        load_gates,
    )

    gates = load_gates("prod", resolve({}, environ={}).thresholds(), None)
    facts = Facts(
        {
            "scan_critical": 0, "scan_high": 0, "scan_inconclusive": 0, "scan_unread": 0,
            "signature_present": True, "signature_trusted": True, "signature_broken": False,
            "bom_components": 3, "test_accuracy_ppm": 910_000, "test_rows": 400,
            "clean_accuracy_ppm": 910_000, "robust_accuracy_low_ppm": 610_000,
            "robust_radius_linf_ppm": 30_000, "membership_auc_low_ppm": 510_000,
            "stage_quarantined": False, "stage_retired": False, "stage_revoked": False,
        }
    )  # fmt: skip
    subject = "0" * 64
    if not decide("deploy", subject, "ada", facts, gates).allowed:
        raise SystemExit("the benchmark's model should be allowed")
    policy = load_access(None)
    who = Principal("ada", ("operator",))
    what = Resource("model", subject, "bo", "approved", sound=True)
    if not authorise(who, "deploy", what, policy).allowed:
        raise SystemExit("the benchmark's request should be allowed")
    print()
    asked = each(lambda: authorise(who, "deploy", what, policy), runs)
    print(f"{'authorise':<46} {asked:8.0f} us CPU   target 300")
    gated = each(lambda: decide("deploy", subject, "ada", facts, gates), runs)
    print(f"{'gate, allowed':<46} {gated:8.0f} us CPU   target 600")


class Counting:
    """Bytes that count how many were read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.read_bytes, self.calls = data, len(data), 0, 0

    def read(self, offset: int, length: int) -> bytes:
        """Read and count."""
        part = self.data[offset : offset + length]
        self.read_bytes += len(part)
        self.calls += 1
        return part


def encryption(size: int) -> None:
    """Throughput of both ways, and what one read at a random offset touches."""
    from modelkeep.trust import DecryptedSource, Identity, decrypt, encrypt  # noqa: PLC0415

    identity = Identity.generate()
    plain, sink = Counting(secrets.token_bytes(size)), io.BytesIO()
    start = time.process_time()
    encrypt(plain, sink, [identity.recipient])
    middle = time.process_time()
    sealed = Counting(sink.getvalue())
    decrypt(sealed, io.BytesIO(), identity)
    end = time.process_time()
    print()
    rate = size / 1e9
    print(f"{'encrypt, digest included':<46} {rate / (middle - start):8.2f} GB per CPU second")
    print(f"{'decrypt, digest included':<46} {rate / (end - middle):8.2f} GB per CPU second")
    opened = DecryptedSource(sealed, identity)
    sealed.read_bytes = sealed.calls = 0
    opened.read(size // 3, 100)
    print(f"{'read of 100 bytes at a random offset':<46} {sealed.calls} chunk, "
          f"{sealed.read_bytes} bytes   target one chunk")  # fmt: skip


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--setup", type=Path, help="make the peer's environment in DIR")
    parser.add_argument("--peers", type=Path, help="where --setup made it")
    parser.add_argument("--data", type=Path, help="where the files are made")
    parser.add_argument("--bytes", type=int, default=4 * GIB, help="of one big file")
    parser.add_argument("--files", type=int, default=2000, help="of 2 MiB")
    given = parser.parse_args()
    if given.setup is not None:
        venv.create(given.setup / "model_signing", with_pip=True)
        pip = [str(given.setup / "model_signing" / "bin" / "python"), "-m", "pip", "install"]
        subprocess.run([*pip, *PEER], check=True)
        return
    peer = given.peers / "model_signing" if given.peers is not None else None
    with tempfile.TemporaryDirectory(dir=given.data) as name:
        from modelkeep.evidence import SigningKey  # noqa: PLC0415

        root = Path(name)
        SigningKey.generate().save(root / "key.pem")
        fill(root / "big", 1, given.bytes)
        hashing(root / "big", root / "key.pem", peer, f"one file of {given.bytes >> 20} MiB")
        (root / "big" / "00000.bin").unlink()
        fill(root / "many", given.files, 2 << 20)
        hashing(root / "many", root / "key.pem", peer, f"{given.files} files of 2 MiB")
    # Last, because a child's peak memory begins with that of the process that started it.
    deciding(1000)
    encryption(min(given.bytes, 256 << 20))


if __name__ == "__main__":
    main()
