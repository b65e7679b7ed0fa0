"""R objects written by hand in R's XDR serialisation; none is ever read by R."""

from __future__ import annotations

import struct

NIL = struct.pack(">i", 254)
GLOBAL = struct.pack(">i", 253)
UNBOUND = struct.pack(">i", 252)


def number(value: int) -> bytes:
    return struct.pack(">i", value)


def chars(text: str) -> bytes:
    return number(9 | 0x40000) + number(len(text)) + text.encode()


def symbol(name: str) -> bytes:
    return number(1) + chars(name)


def strings(*texts: str) -> bytes:
    return number(16) + number(len(texts)) + b"".join(chars(text) for text in texts)


def reals(*values: float) -> bytes:
    return number(14) + number(len(values)) + struct.pack(f">{len(values)}d", *values)


def call(function: str, *arguments: bytes) -> bytes:
    tail = b"".join(number(2) + argument for argument in arguments) + NIL
    return number(6) + symbol(function) + tail


def promise(expression: bytes) -> bytes:
    return number(5 | 0x400) + GLOBAL + UNBOUND + expression


def vector(*items: bytes) -> bytes:
    return number(19) + number(len(items)) + b"".join(items)


def closure(body: bytes) -> bytes:
    return number(3 | 0x400) + GLOBAL + NIL + body


def environment(frame: bytes) -> bytes:
    return number(4) + number(0) + GLOBAL + frame + NIL + NIL


def rds(item: bytes, version: int = 2) -> bytes:
    head = b"X\n" + number(version) + number(0x40301) + number(0x20300)
    if version == 3:
        head += number(5) + b"UTF-8"
    return head + item
