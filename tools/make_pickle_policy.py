"""Write ``src/modelkeep/formats/pickle_policy.json``, the allow tables for pickles.

Run it in an environment of its own, with the libraries the table is to know installed;
``modelkeep`` itself is not needed there. It merges three sources:

- what people decided, with reasons (``pickle_policy_by_hand.toml`` beside this file);
- real saves: objects of every library, pickled, and the names that ``pickletools`` reads
  from them, each with how it is used (``pickle_saves.py``);
- reach: classes whose restoring code reaches no sink in the library's source, and
  functions seen in real saves of which the same holds (``pickle_reach.py``).

    python tools/make_pickle_policy.py [--by-hand-only]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import Any

import pickle_reach
import pickle_saves

TOOLS = Path(__file__).resolve().parent
TABLE = TOOLS.parent / "src" / "modelkeep" / "formats" / "pickle_policy.json"
USES = ("call", "hold", "load", "new", "single", "state")
Lists = dict[str, dict[str, set[str]]]


def by_hand() -> tuple[dict[str, Any], Lists]:
    """The file of decisions, and its allow lists per module."""
    decided = tomllib.loads((TOOLS / "pickle_policy_by_hand.toml").read_text(encoding="utf-8"))
    lists: Lists = defaultdict(lambda: defaultdict(set))
    for entry in decided.pop("allow"):
        for use in USES:
            for dotted in entry.get(use, "").split():
                add(lists, dotted, use)
    return decided, lists


def add(lists: Lists, dotted: str, use: str) -> None:
    """List a name for a use."""
    module, _, name = dotted.rpartition(".")
    if not re.fullmatch(r"[A-Za-z_][\w.]*", dotted):
        raise ValueError(f"not a dotted name: {dotted!r}")
    lists[module][use].add(name)


def table(decided: dict[str, Any], lists: Lists, versions: dict[str, str]) -> str:
    """The table as JSON text, one module per line, all sorted."""
    standard = sorted({*sys.stdlib_module_names, *decided["standard"].split()})
    head = {
        "versions": dict(sorted(versions.items())),
        "standard": " ".join(standard),
        "packages": " ".join(sorted(set(decided["packages"].split()))),
        "dangerous": " ".join(sorted(set(decided["dangerous"].split()))),
        "walks": " ".join(sorted(set(decided["walks"].split()))),
        "aliases": decided["aliases"],
        "lookups": decided["lookups"],
        "inner": decided["inner"],
        "executed": decided["executed"],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    modules = [
        f"  {json.dumps(module)}: {json.dumps(_plain(uses))}"
        for module, uses in sorted(lists.items())
        if _plain(uses)
    ]
    body = ",\n".join(modules)
    return "{\n" + ",\n".join(lines) + ',\n"modules": {\n' + body + "\n}\n}\n"


def _plain(uses: dict[str, set[str]]) -> dict[str, str]:
    """Lists as text; what may be called or restored may be held anyway."""
    found = {
        "call": uses["call"],
        "new": uses["new"] - uses["call"],
        "load": uses["load"],
        "single": uses["single"],
        "state": uses["state"] - uses["new"] - uses["call"],
        "hold": uses["hold"].difference(*(uses[use] for use in USES if use != "hold")),
    }
    return {use: " ".join(sorted(names)) for use, names in found.items() if names}


def _older(lists: Lists, renames: dict[str, str]) -> None:
    """Add the names that older releases gave to the same modules.

    Up to release 0.21 the private modules of scikit-learn had no underscore in front.
    """
    for module, uses in list(lists.items()):
        package, _, last = module.rpartition(".")
        if package.startswith("sklearn.") and re.match(r"_[a-z]", last):
            for use in USES:
                lists[f"{package}.{last[1:]}"][use] |= uses[use]
    for module, uses in list(lists.items()):
        for new, old in renames.items():
            if module == new or module.startswith(new + "."):
                target = old + module[len(new) :]
                for use in USES:
                    lists[target][use] |= uses[use]


def _versions() -> dict[str, str]:
    found = {}
    for name in pickle_saves.LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            print(f"not installed, not measured: {name}", file=sys.stderr)
    return found


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--by-hand-only", action="store_true", help="measure nothing")
    parser.add_argument("--keep", type=Path, help="folder for the files that were saved")
    options = parser.parse_args()
    decided, lists = by_hand()
    versions: dict[str, str] = {}
    if not options.by_hand_only:
        saves = pickle_saves.collect(options.keep)
        for dotted, use in pickle_reach.judge(saves):
            if use == "dangerous":
                decided["dangerous"] += f" {dotted}"
            else:
                add(lists, dotted, use)
        versions = _versions()
    _older(lists, decided.get("older", {}))
    text = table(decided, lists, versions)
    TABLE.write_text(text, encoding="utf-8")
    count = sum(len(names) for uses in lists.values() for names in uses.values())
    print(f"{TABLE.name}: {count} names in {len(lists)} modules, {len(text)} bytes")


if __name__ == "__main__":
    main()
