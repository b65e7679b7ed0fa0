"""Pickles that reach a sink through another name: what deny-lists forget.

The arguments are inert; a name is all that a scanner gets to see.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus.gadget_names import GADGETS
from corpus.opcodes import (
    MARK,
    OBJ,
    Code,
    Name,
    build,
    call,
    instance,
    name,
    pickle_of,
    value,
)
from corpus.sample import Family, Sample

GROUP = "pickle-gadget"
_TRAMPOLINE = Family(GROUP, "allow-list abuse: trampolines")
_DOTTED = Family(GROUP, "allow-list abuse: dotted names", "GHSA-5j3x")
_ATTRIBUTE = Family(GROUP, "allow-list abuse: overwritten attributes", "modelscan #330")
_ALIAS = Family(GROUP, "allow-list abuse: Python 2 names")


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    for number, (family, source, module, function, arguments) in enumerate(GADGETS):
        code, protocol = _call(number, Name(module, function), arguments)
        title = f"{module}.{function}".replace(".", "-").replace("_", "-").strip("-").lower()
        file = ("model.pkl", "pytorch_model.bin", "tokenizer.pickle")[number % 3]
        made = Family(GROUP, family, source)
        yield made(title, file, pickle_of(code, protocol=protocol))
    yield from _trampolines()
    yield from _dotted()
    yield from _overwritten()
    yield from _aliases()


def _call(number: int, what: Name, arguments: tuple[object, ...]) -> tuple[Code, int]:
    """Call a name by one opcode or another."""
    protocol = (2, 4, 0)[number % 3]
    if number % 11 == 5:
        items = b"".join(value(item, 2) for item in arguments)
        return Code(MARK + name(what) + items + OBJ), 2
    if number % 11 == 8:
        items = b"".join(value(item, 0) for item in arguments)
        return Code(MARK + items + f"i{what.module}\n{what.name}\n".encode()), 0
    return call(what, *arguments, protocol=protocol), protocol


def _trampolines() -> Iterator[Sample]:
    system, builtin = Name("os", "system"), "builtins"
    getattr_ = Name(builtin, "getattr")
    imported = call(Name(builtin, "__import__"), "os")
    lazy = call(Name(builtin, "map"), system, ["true"])
    partial = call(Name("functools", "partial"), system, "true")
    caller = call(Name("operator", "methodcaller"), "system", "true")
    getter = call(Name("operator", "attrgetter"), "system")
    made = {
        "map-list": call(Name(builtin, "list"), lazy),
        "map-tuple-newobj": instance(Name(builtin, "tuple"), lazy),
        "map-any": call(Name(builtin, "any"), lazy),
        "map-dict-deque": call(Name("collections", "deque"), lazy),
        "filter-set": call(Name(builtin, "set"), call(Name(builtin, "filter"), system, ["true"])),
        "starmap": call(Name(builtin, "list"), call(Name("itertools", "starmap"), system, [("true",)])),
        "accumulate": call(Name(builtin, "list"), call(Name("itertools", "accumulate"), ["a", "b"], system)),
        "partial-called": Code(partial + value(()) + b"R"),
        "partial-state": build(
            instance(Name("functools", "partial"), Name(builtin, "print")),
            (system, ("true",), {}, None),
        ),
        "reduce": call(Name("functools", "reduce"), system, ["a", "true"]),
        "defaultdict": call(getattr_, call(Name("collections", "defaultdict"), partial), "copy"),
        "defaultdict-factory": build(call(Name("collections", "defaultdict"), partial), {"a": 1}),
        "methodcaller": call(caller, imported),
        "attrgetter": call(call(getter, imported), "true"),
        "getattr-import": call(call(getattr_, imported, "system"), "true"),
        "getattr-chain": call(
            call(getattr_, call(getattr_, Name("shutil", "_os"), "path"), "os"), "system"
        ),
        "itemgetter-globals": call(
            call(Name("operator", "itemgetter"), "eval"), call(Name(builtin, "vars"))
        ),
        "globals-get": call(
            call(getattr_, call(Name(builtin, "globals")), "get"), "__builtins__"
        ),
        "operator-call": call(Name("operator", "call"), system, "true"),
        "subclasses": call(call(getattr_, call(Name(builtin, "type"), ()), "__subclasses__")),
        "type-makes-class": call(
            call(Name(builtin, "type"), "T", (), {"__reduce__": system}), "x"
        ),
        "reconstructor-eval": call(Name("copyreg", "_reconstructor"), Name("subprocess", "Popen"), Name(builtin, "object"), None),
        "copyreg-newobj": call(Name("copyreg", "__newobj__"), Name("subprocess", "Popen"), ["true"]),
        "copyreg-pickle": call(Name("copyreg", "pickle"), Name(builtin, "int"), system),
        "iter-callable": call(Name(builtin, "list"), call(Name(builtin, "iter"), partial, 0)),
        "sorted-key": call(Name(builtin, "max"), "a", "true"),
        "weakref-finalize": call(Name("weakref", "finalize"), Name("os", "path"), system, "true"),
        "atexit": call(Name("atexit", "register"), system, "true"),
        "thread": build(instance(Name("threading", "Timer")), {"function": system, "args": ("true",)}),
        "signal": call(Name("signal", "signal"), 14, system),
        "exception-hook": build(Code(name(Name("sys", "modules"))), {"excepthook": system}),
        "sklearn-function-transformer": call(
            call(getattr_, build(
                instance(Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
                {"func": system, "inverse_func": None, "validate": False},
            ), "transform"), "true",
        ),
        "function-transformer-state": build(
            instance(Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
            {"func": Name("builtins", "eval"), "validate": False, "kw_args": None},
        ),
    }  # fmt: skip
    for title, code in made.items():
        yield _TRAMPOLINE(f"trampoline-{title}", "model.pkl", pickle_of(code))
    lazy4 = call(Name(builtin, "map"), system, ["true"], protocol=4)
    listed = call(Name(builtin, "list"), lazy4, protocol=4)
    yield _TRAMPOLINE("trampoline-map-list-framed", "model.pkl", pickle_of(listed, protocol=4))


def _dotted() -> Iterator[Sample]:
    names = (
        ("torch", "os.system"),
        ("torch", "serialization.os.system"),
        ("numpy", "f2py.os.popen"),
        ("numpy", "os.system"),
        ("collections", "abc.sys.modules"),
        ("sklearn", "utils.os.system"),
        ("joblib", "parallel.os.system"),
        ("pandas", "io.common.os.system"),
        ("builtins", "__builtins__.eval"),
        ("datetime", "sys.modules"),
        ("torch.nn", "Module.__class__.__base__.__subclasses__"),
        ("builtins", "object.__reduce_ex__.__globals__"),
        ("torch._utils", "torch.hub.load"),
        ("copyreg", "sys.exit"),
        ("functools", "reduce.__self__.eval"),
    )
    for module, dotted in names:
        title = f"dotted-{module}-{dotted}".replace(".", "-").replace("_", "").lower()
        code = call(Name(module, dotted), "true", protocol=4)
        yield _DOTTED(title, "model.pkl", pickle_of(code, protocol=4))


def _overwritten() -> Iterator[Sample]:
    builtins = name(Name("numpy", "__builtins__"), 4)
    system = Name("os", "system")
    made = {
        "numpy-builtins": build(builtins, {"str": Name("numpy", "exec")}, 4),
        "module-attribute": build(name(Name("torch", "nn"), 4), {"Linear": system}, 4),
        "slots-of-a-module": build(
            name(Name("numpy", "core"), 4), (None, {"multiarray": system}), 4
        ),
        "class-attribute": build(
            name(Name("collections", "OrderedDict"), 4), {"__init__": system}, 4
        ),
        "class-slots": build(
            name(Name("torch.nn.modules.linear", "Linear"), 4), (None, {"forward": system}), 4
        ),
        "function-attribute": build(
            name(Name("torch._utils", "_rebuild_tensor_v2"), 4), {"__code__": "x"}, 4
        ),
        "codecs-attribute": build(
            name(Name("_codecs", "encode"), 4), (None, {"__globals__": {"a": "b"}}), 4
        ),
        "instance-setstate": build(
            build(
                instance(Name("argparse", "Namespace"), protocol=4), {"__setstate__": system}, 4
            ),
            "true",
            4,
        ),
        "instance-setstate-ordered": build(
            build(
                call(Name("collections", "OrderedDict"), protocol=4),
                {"__setstate__": Name("builtins", "exec")},
                4,
            ),
            "pass",
            4,
        ),
        "instance-class": build(
            instance(Name("argparse", "Namespace"), protocol=4),
            {"__class__": Name("subprocess", "Popen")},
            4,
        ),
        "instance-reduce": build(
            instance(Name("types", "SimpleNamespace"), protocol=4), {"__reduce_ex__": system}, 4
        ),
    }
    for title, code in made.items():
        source = "arXiv 2607.17503" if "module" in title or "class" in title else ""
        yield _ATTRIBUTE(
            f"overwrite-{title}", "model.pkl", pickle_of(code, protocol=4), source=source
        )


def _aliases() -> Iterator[Sample]:
    names = (
        ("cPickle", "loads", (b"N.",)),
        ("commands", "getoutput", ("true",)),
        ("commands", "getstatusoutput", ("true",)),
        ("itertools", "imap", (Name("os", "system"), ["true"])),
        ("itertools", "ifilter", (Name("os", "system"), ["true"])),
        ("urllib", "urlopen", ("http://127.0.0.1:9/",)),
        ("urllib2", "urlopen", ("http://127.0.0.1:9/",)),
        ("urllib", "urlretrieve", ("http://127.0.0.1:9/", "x")),
        ("__builtin__", "reduce", (Name("os", "system"), ["a", "b"])),
        ("__builtin__", "apply", (Name("os", "system"), ("true",))),
        ("exceptions", "eval", ("1",)),
        ("httplib", "HTTPConnection", ("127.0.0.1",)),
        ("os", "popen2", ("true",)),
        ("popen2", "popen3", ("true",)),
        ("anydbm", "open", ("x", "n")),
        ("xmlrpclib", "ServerProxy", ("http://127.0.0.1:9/",)),
        ("copy_reg", "_reconstructor", (Name("subprocess", "Popen"), Name("__builtin__", "object"), None)),
    )  # fmt: skip
    for module, function, arguments in names:
        title = f"python2-{module}-{function}".replace("_", "").lower()
        code = call(Name(module, function), *arguments, protocol=0)
        yield _ALIAS(title, "model.pkl", pickle_of(code, protocol=0))
