"""Build five models, check each with the prod profile, serve the sound one, say where to look.

Everything is written under ``demo/out``; run it again and it starts afresh. Each
check is the command a user would type, and its exit code is compared with what it
must be: 0 for the two sound models, 1 for the others. At the end a gateway serves the
sound model to an honest client and to one that tries to copy it.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import demo_models
import serve_sound

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"


@dataclass(frozen=True)
class Case:
    """One model of the demo: what it is and which exit code it must get."""

    name: str
    story: str
    model: Path
    options: tuple[str, ...]
    expected: int


def modelkeep(*arguments: str) -> int:
    """Run the command as a user would, in ``demo/out``; returns its exit code."""
    command = [sys.executable, "-m", "modelkeep", *arguments]
    print("\n$ modelkeep " + " ".join(arguments), flush=True)
    return subprocess.run(command, cwd=OUT, check=False).returncode  # noqa: S603 - our own command


def build() -> list[Case]:
    """Build and sign the models."""
    print("building the models from scikit-learn's breast-cancer and digits data")
    sound = demo_models.build_sound(OUT / "sound")
    cases = [_case("sound", "a sound model (breast cancer, ONNX)", sound, 0)]
    pipeline = demo_models.build_pipeline(OUT / "pipeline")
    story = "a sound scikit-learn pipeline (joblib, loaded in a confined child)"
    cases.append(_case("pipeline", story, pipeline, 0))
    if importlib.util.find_spec("torch") is not None:
        overfit = demo_models.build_overfit(OUT / "overfit")
        code = ("--code", str(HERE), "--factory", "nets:build", "--train", "nets:fit")
        story = "a network that learned careless labels by heart (digits, safetensors)"
        cases.append(_case("overfit", story, overfit, 1, code))
    else:
        print("SKIPPED: the over-fitted model needs torch: pip install 'modelkeep[train]'")
    trojan = demo_models.build_trojan(OUT / "trojan")
    cases.append(Case("trojan", "a pickle that runs a command", trojan, (), 1))
    shutil.copytree(OUT / "sound", OUT / "tampered")
    tampered = OUT / "tampered" / "model.onnx"
    cases.append(
        _case("tampered", "the sound model, one byte changed after signing", tampered, 1)
    )
    return cases


def _case(
    name: str, story: str, model: Path, expected: int, options: tuple[str, ...] = ()
) -> Case:
    data = ("--data", f"{name}/train.npz", "--test", f"{name}/test.npz")
    return Case(name, story, model, (*data, *options), expected)


def sign(cases: list[Case]) -> None:
    """Make the keep, sign every model but the trojan, then tamper with the last."""
    modelkeep("init", "--profile", "prod")
    for case in cases:
        if case.name != "trojan":
            modelkeep("sign", f"{case.name}/{case.model.name}")
    demo_models.tamper(OUT / "tampered" / "model.onnx")


def check(case: Case) -> int:
    """Check one model and write its reports."""
    print(f"\n=== {case.name}: {case.story}")
    return modelkeep(
        "check",
        f"{case.name}/{case.model.name}",
        *case.options,
        *("--profile", "prod", "--anchor", "anchor.txt"),
        *("--output", f"html={case.name}/report.html"),
        *("--output", f"cyclonedx={case.name}/bom.json"),
    )


def main() -> int:
    """Run the demo; returns 0 if every verdict is what it must be."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    cases = build()
    sign(cases)
    started = time.monotonic()
    codes = {case.name: check(case) for case in cases}
    seconds = time.monotonic() - started
    started = time.monotonic()
    served = serve_sound.serve_sound(OUT)
    serving = time.monotonic() - started
    modelkeep("evidence", "verify", "--anchor", "anchor.txt")
    print(f"\n{len(cases)} checks in {seconds:.1f} s, serving in {serving:.1f} s")
    for case in cases:
        verdict = "as it must be" if codes[case.name] == case.expected else "WRONG"
        print(f"  {case.name:<9} exit {codes[case.name]} ({verdict})  {case.story}")
        print(f"            {OUT / case.name / 'report.html'}")
    print(f"evidence: {OUT / '.modelkeep'}  (cd {OUT} && modelkeep evidence list)")
    verdict = "as it must be" if served else "WRONG"
    print(f"gateway: honest use answered, the extraction run noticed ({verdict})")
    return int(not served or any(codes[case.name] != case.expected for case in cases))


if __name__ == "__main__":
    sys.exit(main())
