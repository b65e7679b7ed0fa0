"""Requests that a server must refuse, as bytes on the wire: smuggling, floods, bombs.

Where two servers read one request differently, a second request hides in the first's body.
All of these must end in a 4xx or a closed connection, and never in a second answer.

Sources: RFC 9112, sections 2.2, 5 and 6; OWASP API Security top 10 (2023), API4 and API8;
Linhart et al. 2005, HTTP request smuggling; CWE-444, CWE-400, CWE-674.
"""

from __future__ import annotations

from typing import Final

_HIDDEN: Final = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def _post(path: str, key: str, fields: str) -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\n{fields}"
    )


def smuggled(path: str, key: str) -> dict[str, bytes]:
    """Requests whose end two readers see in different places."""
    both = f"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_HIDDEN}"
    length = f"Content-Length: 6\r\n\r\n0\r\n\r\n{_HIDDEN}"
    forms = {
        "length and chunks": both,
        "chunks and length": "Transfer-Encoding: chunked\r\n" + length,
        "two lengths": f"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{{}}{_HIDDEN}",
        "two equal lengths": f"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}{_HIDDEN}",
        "list of lengths": f"Content-Length: 2, 9\r\n\r\n{{}}{_HIDDEN}",
        "negative length": f"Content-Length: -1\r\n\r\n{{}}{_HIDDEN}",
        "signed length": f"Content-Length: +2\r\n\r\n{{}}{_HIDDEN}",
        "length of hex": f"Content-Length: 0x2\r\n\r\n{{}}{_HIDDEN}",
        "length beyond numbers": f"Content-Length: {'9' * 40}\r\n\r\n{{}}{_HIDDEN}",
        "unknown coding": f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{_HIDDEN}",
        "coding after chunks": f"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{_HIDDEN}",
        "space before colon": f"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{_HIDDEN}",
        "folded line": "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        "null in a field": "X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        "return in a field": "X: a\rY: b\r\nContent-Length: 2\r\n\r\n{}",
        "chunk of no size": f"Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n{_HIDDEN}",
        "chunk beyond numbers": f"Transfer-Encoding: chunked\r\n\r\n{'f' * 40}\r\n{{}}\r\n",
    }
    return {name: _post(path, key, form).encode("latin-1") for name, form in forms.items()}


def floods(path: str, key: str) -> dict[str, bytes]:
    """Heads and bodies that are larger than any honest one."""
    many = "".join(f"x-{n}: y\r\n" for n in range(500))
    forms = {
        "many fields": f"{many}Content-Length: 2\r\n\r\n{{}}",
        "long field": f"X: {'y' * 200_000}\r\nContent-Length: 2\r\n\r\n{{}}",
        "body of 1 TB": f"Content-Length: {10**12}\r\n\r\n",
        "compressed body": "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    }
    found = {name: _post(path, key, form).encode() for name, form in forms.items()}
    return found | {"long path": f"GET /{'y' * 200_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode()}


def bombs(path: str, key: str) -> dict[str, bytes]:
    """Small JSON that costs much to whoever reads it carelessly, or says two things."""
    tensor = '{"inputs": [{"name": "x", "shape": %s, "datatype": "FP32", "data": %s}]}'
    bodies = {
        "deep lists": "[" * 100_000,
        "deep maps": '{"a":' * 50_000,
        "deep data": tensor % ("[1]", "[" * 20_000 + "]" * 20_000),
        "huge number": tensor % ("[1]", "[" + "9" * 200_000 + "]"),
        "huge exponent": tensor % ("[1]", "[1e999999999]"),
        "huge shape": tensor % (f"[{2**62}, {2**62}]", "[0]"),
        "not a number": tensor % ("[1]", "[NaN]"),
        "key twice": '{"inputs": [], "inputs": []}',
        "no unicode": '{"inputs": "\udcff"}',
        "query in a name": (tensor % ("[1]", "[0]")).replace('"x"', '"x\' OR 1=1 --"'),
        "template in a name": (tensor % ("[1]", "[0]")).replace('"x"', '"{{7*7}}${7*7}"'),
    }
    found = {}
    for name, text in bodies.items():
        body = text.encode("utf-8", "surrogateescape")
        found[name] = _post(path, key, f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    return found


def injected(key: str) -> dict[str, bytes]:
    """Paths that mean something else to whoever decodes them twice or joins them to others."""
    paths = {
        "dots": "/v2/models/../../etc/passwd",
        "encoded dots": "/v2/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "null": "/v2/models/a%00b",
        "line break": "/v2/models/a%0d%0aX-Evil:%201",
        "query": "/v2/models/a'%20OR%201=1--",
    }
    return {
        name: f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        for name, path in paths.items()
    }
