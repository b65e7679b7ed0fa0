"""Pickles that hide which name they import or whether they call it."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.opcodes import (
    BUILD,
    DUP,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    OBJ,
    POP,
    POP_MARK,
    REDUCE,
    SETITEM,
    STACK_GLOBAL,
    STOP,
    SYSTEM,
    TEXTS,
    TUPLE1,
    Code,
    Name,
    binary,
    build,
    call,
    global_,
    instance,
    name,
    payload,
    pickle_of,
    proto,
    stack_global,
    string8,
    string_line,
    system,
    unicode8,
    unicode32,
    unicode_line,
    value,
)
from corpus.sample import Family, Sample

GROUP = "pickle-evasion"
_NAMES = Family(GROUP, "parser differential in STACK_GLOBAL")
_HIDE = Family(GROUP, "hiding the call")
_BROKEN = Family(GROUP, "payload then a broken stream", "nullifAI")
_TRUE = unicode8("true") + TUPLE1 + REDUCE


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _memo()
    yield from _strings()
    yield from _computed()
    yield from _hidden()
    yield from _extensions()
    yield from _broken()


def _memo() -> Iterator[Sample]:
    far = b"N0" * 400
    decoy = unicode8("collections") + unicode8("OrderedDict")
    made = {
        # MEMOIZE uses the size of the memo as its key, PUT the key it is given.
        "put-moves-memoize": unicode8("os") + b"q\x05" + POP + unicode8("system") + MEMOIZE + POP
        + b"h\x05h\x01" + STACK_GLOBAL + _TRUE,
        "memoize-after-put": unicode8("json") + b"q\x00" + POP + unicode8("os") + MEMOIZE + POP
        + unicode8("dumps") + b"q\x02" + POP + unicode8("system") + MEMOIZE + POP
        + b"h\x01h\x03" + STACK_GLOBAL + _TRUE,
        "put-overwrites": unicode8("json") + b"q\x07" + POP + unicode8("os") + b"q\x07" + POP
        + unicode8("system") + b"q\x08" + POP + b"h\x07h\x08" + STACK_GLOBAL + _TRUE,
        "memo-far": unicode8("os") + b"q\x01" + POP + unicode8("system") + b"q\x02" + POP + far
        + b"h\x01h\x02" + STACK_GLOBAL + _TRUE,
        "memo-long-keys": unicode8("os") + b"r\xff\xff\x00\x00" + POP + unicode8("system")
        + b"r\x00\x00\x01\x00" + POP + b"j\xff\xff\x00\x00j\x00\x00\x01\x00" + STACK_GLOBAL + _TRUE,
        "memo-text-keys": unicode8("os") + b"p77\n" + POP + unicode8("system") + b"p78\n" + POP
        + b"g77\ng78\n" + STACK_GLOBAL + _TRUE,
        "memo-mixed-widths": unicode8("os") + b"p3\n" + POP + unicode8("system") + b"q\x04" + POP
        + b"h\x03j\x04\x00\x00\x00" + STACK_GLOBAL + _TRUE,
        "memo-key-with-spaces": unicode8("os") + b"p 9\n" + POP + b"g9\n" + unicode8("system")
        + STACK_GLOBAL + _TRUE,
        "memo-key-underscored": unicode8("os") + b"p1_0\n" + POP + b"g10\n" + unicode8("system")
        + STACK_GLOBAL + _TRUE,
        "first-two-opcodes": b"".join((unicode8("os"), unicode8("system"), STACK_GLOBAL, _TRUE)),
        "decoy-strings-between": unicode8("os") + unicode8("system") + decoy + POP + POP
        + STACK_GLOBAL + _TRUE,
        "decoy-memo-between": unicode8("os") + unicode8("system") + unicode8("loads") + MEMOIZE + POP
        + STACK_GLOBAL + _TRUE,
        "names-through-mark": MARK + unicode8("x") + POP_MARK + unicode8("os") + unicode8("system")
        + STACK_GLOBAL + _TRUE,
        "dup-of-name": unicode8("code") + DUP + STACK_GLOBAL + POP + unicode8("os")
        + unicode8("system") + STACK_GLOBAL + _TRUE,
        "module-used-twice": unicode8("pty") + MEMOIZE + unicode8("spawn") + STACK_GLOBAL + _TRUE,
        "callable-in-memo": stack_global("os", "system") + POP + far + b"h\x02" + _TRUE,
        "arguments-in-memo": unicode8("true") + TUPLE1 + b"q\x09" + POP + global_("os", "system")
        + b"h\x09" + REDUCE,
        "unknown-memo-key": global_("os", "system") + _TRUE + b"h\x63",
        "unknown-memo-key-before": stack_global("os", "system") + _TRUE + POP + b"h\xfe0",
    }  # fmt: skip
    for title, body in made.items():
        protocol = 4 if MEMOIZE in body or STACK_GLOBAL in body else 2
        yield _NAMES(title, "model.pkl", pickle_of(body, protocol=protocol))
    start = unicode8("os") + unicode8("system") + STACK_GLOBAL + _TRUE + STOP
    yield _NAMES("no-proto-off-by-one", "model.pkl", start, source="GHSA-9gvj")
    yield _NAMES("memo-mismatch-types", "model.pkl", pickle_of(
        value(3) + STACK_GLOBAL[:0] + unicode8("os") + unicode8("system") + STACK_GLOBAL + _TRUE
    ))  # fmt: skip


def _strings() -> Iterator[Sample]:
    for number, text in enumerate(TEXTS):
        other = TEXTS[(number + 3) % len(TEXTS)]
        body = text("os") + other("system") + STACK_GLOBAL + text("true") + TUPLE1 + REDUCE
        title = f"names-by-{text.__name__}-{other.__name__}".replace("_", "-")
        source = "modelscan #313" if "string" in title else ""
        yield _NAMES(title, "model.pkl", pickle_of(body, protocol=4), source=source)
    escaped = b"V\\u006f\\u0073\n" + b"Vs\\u0079stem\n" + STACK_GLOBAL + _TRUE
    yield _NAMES("names-with-unicode-escapes", "model.pkl", pickle_of(escaped))
    hexed = b"S'\\x6f\\x73'\nS'\\163ystem'\n" + STACK_GLOBAL + _TRUE
    yield _NAMES("names-with-string-escapes", "model.pkl", pickle_of(hexed))
    quoted = b'S"os"\nS"system"\n' + STACK_GLOBAL + _TRUE
    yield _NAMES("names-in-double-quotes", "model.pkl", pickle_of(quoted))
    yield _NAMES(
        "global-unicode-line",
        "model.pkl",
        b"\x80\x02" + b"cos\nsystem\n" + _TRUE + STOP,
    )
    yield _NAMES("inst-with-mark-noise", "model.pkl", b"(N(I1\nt0(S'true'\nios\nsystem\n00N.")


def _computed() -> Iterator[Sample]:
    family = Family(GROUP, "names computed at run time", "modelscan #331")
    getattr_ = Name("builtins", "getattr")
    join = call(Code(call(getattr_, "", "join")), ["sys", "tem"])
    concat = call(Name("operator", "add"), "sys", "tem")
    reverse = call(Name("builtins", "str"), call(Name("codecs", "decode"), "flfgrz", "rot13"))
    decoded = call(Name("_codecs", "decode"), b"system", "utf-8")
    made = {
        "stack-global-joined": unicode8("os") + join + STACK_GLOBAL + _TRUE,
        "stack-global-concatenated": unicode8("os") + concat + STACK_GLOBAL + _TRUE,
        "stack-global-rot13": unicode8("os") + reverse + STACK_GLOBAL + _TRUE,
        "stack-global-decoded": unicode8("os") + decoded + STACK_GLOBAL + _TRUE,
        "stack-global-replace": unicode8("os")
        + call(Name("builtins", "str.replace"), "sysXtem", "X", "") + STACK_GLOBAL + _TRUE,
        "stack-global-sub": unicode8("os")
        + call(Name("re", "sub"), "X", "", "sysXtem") + STACK_GLOBAL + _TRUE,
        "stack-global-chr": unicode8("os") + call(Code(call(getattr_, "", "join")), [
            call(Name("builtins", "chr"), ord(letter)) for letter in "system"
        ]) + STACK_GLOBAL + _TRUE,
        "stack-global-bytes": unicode8("os")
        + call(Name("builtins", "str"), binary_of("system"), "ascii") + STACK_GLOBAL + _TRUE,
        "stack-global-base64": call(Name("builtins", "str"), call(
            Name("base64", "b64decode"), "b3M="), "ascii") + unicode8("system") + STACK_GLOBAL + _TRUE,
        "stack-global-format": unicode8("os")
        + call(Name("builtins", "str.format"), "{}{}", "sys", "tem") + STACK_GLOBAL + _TRUE,
        "getattr-joined": call(call(getattr_, Name("posixpath", "os"), join), "true"),
        "dir-of-module": call(Name("builtins", "next"), call(
            Name("builtins", "filter"), call(Name("operator", "methodcaller"), "startswith", "sys"),
            call(Name("builtins", "dir"), Name("posixpath", "os")))),
        "unknown-result-called": call(call(Name("mylib.registry", "lookup"), "run"), "true"),
    }  # fmt: skip
    for title, body in made.items():
        yield family(title, "model.pkl", pickle_of(body, protocol=4))


def binary_of(text: str) -> Code:
    """Bytes of a text."""
    return Code(binary(text.encode()))


def _hidden() -> Iterator[Sample]:
    popen = Name("subprocess", "Popen")
    dataset = Code(instance(Name("collections", "OrderedDict")))
    made = {
        "obj-popped": MARK + name(SYSTEM) + unicode32("true") + OBJ + POP + value({"w": 1}),
        "obj-popped-twice": MARK + name(SYSTEM) + unicode32("true") + OBJ + DUP + POP + POP + b"N",
        "obj-in-mark": MARK + MARK + name(SYSTEM) + unicode32("true") + OBJ + POP_MARK + b"N",
        "inst-popped": b"(S'true'\nios\nsystem\n0N",
        "newobj-popped": instance(popen, ["true"]) + POP + EMPTY_DICT,
        "reduce-popped": system() + POP + EMPTY_DICT,
        "build-dodges-unused": system() + EMPTY_DICT + BUILD,
        "build-with-result": build(dataset, {"x": system()}),
        "build-on-result": build(system(), {"returncode": 0}),
        "result-in-memo-only": system() + b"q\x05" + POP + value({"w": 1}),
        "result-stored-then-overwritten": system() + b"q\x05" + POP + value(1) + b"q\x05",
        "setitem-of-result": EMPTY_DICT + unicode32("a") + system() + SETITEM,
        "persistent-id": b"(" + system() + b"tQ",
        "persistent-line-after": system() + POP + b"Pmodel-weights\n",
        "two-calls-one-benign": call(Name("collections", "OrderedDict")) + POP + system(),
        "reduce-with-list": name(SYSTEM) + b"](" + unicode32("true") + b"e" + REDUCE,
        "reduce-with-built-tuple": name(SYSTEM)
        + call(Name("builtins", "tuple"), ["true"]) + REDUCE,
        "arguments-from-buffer": name(SYSTEM) + b"\x96" + b"\x04" + bytes(7) + b"true" + TUPLE1 + REDUCE,
        "after-many-frames": (b"\x95" + b"\x02" + bytes(7) + b"N0") * 20 + system(),
        "frame-straddles": b"\x95" + b"\x03" + bytes(7) + system(),
        "protocol-in-the-middle": b"N0" + proto(3) + system() + proto(5),
    }  # fmt: skip
    for title, body in made.items():
        source = {"obj-popped": "GHSA-mxhj", "build-dodges-unused": "GHSA-6ggj"}.get(title, "")
        data = proto(2) + body + STOP
        yield _HIDE(title, "model.pkl", data, source=source)


def _extensions() -> Iterator[Sample]:
    family = Family(GROUP, "extension registry")
    for title, opcode in {
        "ext1": b"\x82\x01", "ext2": b"\x83\x01\x01", "ext4": b"\x84\x01\x00\x01\x00",
    }.items():  # fmt: skip
        register = call(
            Name("copyreg", "add_extension"),
            "os",
            "system",
            int.from_bytes(opcode[1:], "little"),
        )
        body = register + POP + opcode + value(("true",)) + REDUCE
        yield family(f"{title}-registered", "model.pkl", pickle_of(body))
        yield family(
            f"{title}-called", "model.pkl", pickle_of(opcode + value(("true",)) + REDUCE)
        )
    state = build(Code(name(Name("copyreg", "_inverted_registry"))), {"1": ("os", "system")})
    body = state + POP + b"\x82\x01" + value(("true",)) + REDUCE
    yield family("inverted-registry", "model.pkl", pickle_of(body))
    yield family("extension-newobj", "model.pkl", pickle_of(b"\x82\x05" + EMPTY_TUPLE + NEWOBJ))


def _broken() -> Iterator[Sample]:
    whole, bare = payload(), system()
    tails = {
        "no-stop": b"",
        "bad-opcode": b"\xfe" * 4,
        "underflow": POP * 8 + STOP,
        "mark-missing": b"t" + STOP,
        "bad-utf8": b"X\x02\x00\x00\x00\xff\xfe" + STOP,
        "bad-utf8-short": b"\x8c\x02\xc3\x28.",
        "bad-string": b"Sunquoted\n.",
        "bad-string-escape": b"S'\\x'\n.",
        "bad-int": b"Iabc\n.",
        "bad-float": b"Fnot-a-number\n.",
        "bad-long": b"Lxx\n.",
        "negative-length": b"\x8b\xff\xff\xff\xff.",
        "length-beyond-end": b"B\xff\xff\xff\x7f.",
        "length-beyond-end-8": b"\x8e" + b"\xff" * 8 + b".",
        "line-without-end": b"cos",
        "unknown-get": b"h\xff.",
        "bad-extension-code": b"\x84\xff\xff\xff\xff.",
        "setitems-odd": b"}(K\x01u.",
        "append-to-number": b"K\x01K\x02a.",
        "build-without-target": b"b.",
        "buffer-missing": b"\x97.",
        "stack-global-of-numbers": b"K\x01K\x02\x93.",
        "binary-junk": bytes(range(200, 256)),
        "text-junk": b"\n# end of the weights\n",
    }
    for title, tail in tails.items():
        yield _BROKEN(f"then-{title}", "model.pkl", proto(2) + bare + tail)
    yield _BROKEN("truncated-last-byte", "model.pkl", whole[:-1])
    yield _BROKEN("truncated-framed", "model.pkl", payload(4)[:-1])
    for title, text in {"string": string_line, "short": string8, "line": unicode_line}.items():
        body = value(["weights", 1.5]) + POP + text("os") + text("system") + STACK_GLOBAL
        yield _BROKEN(f"legacy-{title}-no-stop", "model.pkl", proto(2) + body + _TRUE)
