"""Pickles that call a sink in plain sight: every calling opcode, protocol and place."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

from corpus.opcodes import (
    DUP,
    EMPTY_DICT,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    OBJ,
    POP,
    SETITEM,
    STOP,
    SYSTEM,
    TUPLE1,
    Code,
    Name,
    build,
    call,
    global_,
    instance,
    name,
    payload,
    pickle_of,
    stack_global,
    system,
    unicode8,
    unicode32,
    value,
)
from corpus.sample import Family, Sample

_CALL = Family("pickle-basic", "direct call")
_PLACE = Family("pickle-basic", "call inside data")

_SINKS = (
    ("posix", "system", ("true",)),
    ("nt", "system", ("echo",)),
    ("os", "popen", ("true",)),
    ("os", "execv", ("/bin/true", ["true"])),
    ("os", "spawnl", (0, "/bin/true", "true")),
    ("os", "remove", ("missing.txt",)),
    ("subprocess", "Popen", (["true"],)),
    ("subprocess", "check_output", (["true"],)),
    ("subprocess", "getoutput", ("true",)),
    ("builtins", "eval", ("1+1",)),
    ("builtins", "exec", ("pass",)),
    ("builtins", "__import__", ("this",)),
    ("builtins", "open", ("missing.txt",)),
    ("__builtin__", "eval", ("1+1",)),
    ("__builtin__", "execfile", ("missing.py",)),
    ("importlib", "import_module", ("this",)),
    ("runpy", "run_path", ("missing.py",)),
    ("pty", "spawn", ("true",)),
    ("socket", "create_connection", (("127.0.0.1", 9),)),
    ("shutil", "rmtree", ("missing",)),
    ("webbrowser", "open", ("http://127.0.0.1:9/",)),
    ("urllib.request", "urlopen", ("http://127.0.0.1:9/",)),
    ("requests", "get", ("http://127.0.0.1:9/",)),
    ("ctypes", "CDLL", ("missing.so",)),
    ("sys", "exit", (0,)),
)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    for number, (module, function, arguments) in enumerate(_SINKS):
        protocol = (0, 2, 4)[number % 3]
        body = call(Name(module, function), *arguments, protocol=protocol)
        title = f"{module}-{function}".replace(".", "-").strip("_")
        file = ("model.pkl", "model.pickle", "weights.bin", "data.p")[number % 4]
        yield _CALL(f"reduce-{title}", file, pickle_of(body, protocol=protocol))
    for protocol in range(6):
        yield _CALL(f"protocol-{protocol}", "model.pkl", payload(protocol))
    yield from _opcodes()
    yield from _places()


def _opcodes() -> Iterator[Sample]:
    made = {
        "inst": b"(S'true'\nios\nsystem\n",
        "obj": MARK + name(SYSTEM) + unicode32("true") + OBJ,
        "newobj": instance(Name("subprocess", "Popen"), ["true"]),
        "newobj-ex": name(Name("subprocess", "Popen")) + value((["true"],)) + EMPTY_DICT
        + NEWOBJ_EX,
        "newobj-eval-frame": stack_global("builtins", "eval") + unicode8("1") + TUPLE1 + NEWOBJ,
        "inst-eval": b"(S'1+1'\ni__builtin__\neval\n",
    }  # fmt: skip
    for title, body in made.items():
        yield _CALL(f"opcode-{title}", "model.pkl", pickle_of(body))
    yield _CALL("opcode-inst-bare", "model.pkl", b"(S'true'\nios\nsystem\n.")
    yield _CALL("import-star", "model.pkl", pickle_of(global_("os", "system")))


def _places() -> Iterator[Sample]:
    honest = pickle.dumps({"weights": [0.5, 1.5], "epoch": 3}, 2)
    late = honest[:-1] + unicode32("extra") + system() + SETITEM + STOP
    yield _PLACE("value-of-a-dict", "model.pkl", late)
    key = EMPTY_DICT + system() + value(1) + SETITEM
    yield _PLACE("key-of-a-dict", "model.pkl", pickle_of(key))
    nested = value([1, [2, [3, {"a": system()}]]])
    yield _PLACE("deep-in-lists", "model.pkl", pickle_of(nested))
    yield _PLACE("item-of-a-set", "model.pkl", pickle_of(b"\x8f(" + system() + b"\x90"))
    yield _PLACE("popped", "model.pkl", pickle_of(system(), value({"w": 1})))
    yield _PLACE("popped-mark", "model.pkl", pickle_of(MARK + system() + b"1" + value(1)))
    yield _PLACE(
        "duplicated", "model.pkl", pickle_of(name(SYSTEM) + DUP + POP + value(("true",)) + b"R")
    )
    estimator = Name("sklearn.linear_model._logistic", "LogisticRegression")
    state = build(instance(estimator), {"C": 1.0, "coef_": system()})
    yield _PLACE("state-of-an-estimator", "classifier.pkl", pickle_of(state))
    listed = call(Name("collections", "OrderedDict"), [("layer", system())])
    yield _PLACE("argument-of-a-safe-call", "state.pkl", pickle_of(listed))
    yield _PLACE("second-pickle", "model.pkl", honest + payload())
    yield _PLACE("third-pickle", "model.pkl", honest * 2 + payload(4))
    yield _PLACE(
        "state-keyed", "model.pkl", pickle_of(build(Code(instance(estimator)), system()))
    )
