"""Mutate malicious samples in ways that provably keep what makes them malicious.

Random damage proves nothing: a flipped bit can disarm a sample. So each mutation here keeps
what a loader would run: a pickle is rewritten opcode by opcode or damaged behind its last
call (``pickle_mutations``); a file is renamed, compressed or packed where its format is told
by content; an honest zip is packed anew; JSON is spelled differently; a directory is archived.
"""

from __future__ import annotations

import bz2
import dataclasses
import io
import json
import lzma
import pickle
import random
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import lz4.frame
import zstandard

from corpus.pickle_disguise import gz, tar_of
from corpus.pickle_mutations import opcodes, rewrite
from corpus.sample import FAIL, Sample
from samples import npy_header, npy_with, zip_of

LARGEST: Final = 1 << 17
"""Larger samples test budgets; they are only renamed and appended to."""

BY_CONTENT: Final = frozenset(
    """pickle-basic pickle-gadget pickle-evasion pickle-disguise torch joblib numpy archive
    onnx gguf safetensors keras-h5""".split()
)
"""Groups whose files are told by content, so that a name decides nothing."""
NAMES: Final = (
    "model.bin",
    "weights.dat",
    "x",
    "notes.txt",
    "m.PT",
    "data.json",
    "a.b.c",
    "model.h5",
)
_HONEST: Final = pickle.dumps({"epoch": 3, "loss": [0.5, 0.25]}, 4)

Change = Callable[[bytes, random.Random], "bytes | None"]


def mutants(sample: Sample, count: int) -> Iterator[Sample]:
    """Up to ``count`` different mutants of a malicious sample, the same ones every time."""
    if sample.verdict != FAIL or sample.links or sample.hard_links:
        return
    chance = random.Random(sample.id)
    seen: set[object] = {_key(sample)}
    for _ in range(count * 3):
        made = _mutate(sample, chance)
        if made is None or _key(made) in seen:
            continue
        seen.add(_key(made))
        yield dataclasses.replace(made, name=f"{sample.name}~{len(seen) - 1}")
        if len(seen) > count:
            return


def _key(sample: Sample) -> object:
    content = sample.content
    return sample.file, content if isinstance(content, bytes) else tuple(content.items())


def _mutate(sample: Sample, chance: random.Random) -> Sample | None:
    if not isinstance(sample.content, bytes):
        return _archive(sample, sample.content, chance)
    data, file = sample.content, sample.file
    changes = [*_inner_changes(sample)]
    if len(data) <= LARGEST and changes and chance.random() < 0.8:
        changed = chance.choice(changes)(data, chance)
        if changed is None:
            return None
        data = changed
    if sample.group in BY_CONTENT and chance.random() < 0.6:
        file = chance.choice(NAMES)
    if len(data) <= LARGEST and chance.random() < 0.5:
        data, file = _wrap(sample, data, file, chance)
    return dataclasses.replace(sample, content=data, file=file)


def _inner_changes(sample: Sample) -> Iterator[Change]:
    """What can be done to the bytes of a sample."""
    data = sample.content
    if not isinstance(data, bytes) or len(data) > LARGEST:
        return
    if sample.group.startswith("pickle-") and opcodes(data):
        yield from (rewrite, rewrite, rewrite, _second)
    if sample.group in {"pickle-basic", "pickle-gadget"}:
        yield from (_in_torch, _in_npy)
    if data.startswith(b"PK") and _honest(data):
        yield from (_repack, _repack)
    if sample.file.endswith(".json") and sample.family != "JSON spelling":
        yield _respell_json


def _second(data: bytes, chance: random.Random) -> bytes:
    return _HONEST * chance.randrange(1, 4) + data


def _in_torch(data: bytes, chance: random.Random) -> bytes:
    top = chance.choice(["archive", "model", "checkpoint/epoch"])
    members = {f"{top}/data.pkl": data, f"{top}/version": b"3\n", f"{top}/data/0": bytes(16)}
    return zip_of(members, method=chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def _in_npy(data: bytes, chance: random.Random) -> bytes:
    array = npy_with(npy_header("|O"), data, chance.choice([1, 2]))
    return array if chance.random() < 0.5 else zip_of({"a.npy": array})


def _respell_json(data: bytes, chance: random.Random) -> bytes | None:
    try:
        of = json.loads(data)
    except ValueError:
        return None
    text = json.dumps(
        of, indent=chance.choice([None, 1, 4, "\t"]), sort_keys=chance.random() < 0.5
    )
    escaped = [
        f"\\u{ord(c):04x}"
        if c.isalpha() and chance.random() < 0.1 and _in_text(text, at)
        else c
        for at, c in enumerate(text)
    ]
    return "".join(escaped if chance.random() < 0.5 and "\\" not in text else text).encode()


def _in_text(text: str, at: int) -> bool:
    return text.count('"', 0, at) % 2 == 1


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _honest(data: bytes) -> bool:
    """Whether packing the members again gives the same archive."""
    try:
        members = _members(data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return False
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return any(zip_of(members, method=method) == data for method in methods)


def _repack(data: bytes, chance: random.Random) -> bytes:
    members = list(_members(data).items())
    head, rest = members[:1], members[1:]
    chance.shuffle(rest)
    if chance.random() < 0.5:
        rest.append(
            (f"{members[0][0].partition('/')[0]}/extra-{chance.randrange(99)}.txt", b"hello")
        )
    method = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    return zip_of(dict(head + rest), method=method, stream=chance.random() < 0.3)


_PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gz": gz, "bz2": bz2.compress, "xz": lzma.compress, "lz4": lz4.frame.compress,
    "zst": zstandard.compress,
}  # fmt: skip


def _wrap(sample: Sample, data: bytes, file: str, chance: random.Random) -> tuple[bytes, str]:
    """Compress a file or put it into an archive, keeping its name there."""
    by_content = sample.group in BY_CONTENT  # else the name decides, and packing may drop it
    kind = chance.choice(["zip", "zip-deep", "tar", *(_PACKERS if by_content else ())])
    inner = file if by_content else sample.file
    if kind == "zip":
        return zip_of({"notes.txt": b"hello", f"sub/{inner}": data}), "bundle.zip"
    if kind == "zip-deep":
        return zip_of({"a.zip": zip_of({inner: data})}), "bundle.bin"
    if kind == "tar":
        return tar_of({"notes.txt": b"hello", f"sub/{inner}": data}), "bundle.tar"
    return _PACKERS[kind](data), f"{inner}.{kind}"


def _archive(sample: Sample, files: Mapping[str, bytes], chance: random.Random) -> Sample:
    """A directory with files more, under another name, or as an archive."""
    extra = {
        f"{chance.choice(['docs', 'img', '.'])}/extra-{chance.randrange(99)}.txt": b"hello"
    }
    names = {**files, **(extra if chance.random() < 0.7 else {})}
    order = list(names.items())
    chance.shuffle(order)
    kind = chance.randrange(4)
    if kind == 0 or len(files) > 40:
        folder = f"m{chance.randrange(10**6)}"
        return dataclasses.replace(sample, file=folder, content=dict(order))
    top = chance.choice(["", "model/", "a/b/"])
    members = {f"{top}{name.removeprefix('./')}": data for name, data in order}
    if kind == 1:
        method = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        return dataclasses.replace(
            sample, file="model.zip", content=zip_of(members, method=method)
        )
    out = tar_of(members)
    packed = kind == 3
    assert tarfile.is_tarfile(io.BytesIO(out))
    return dataclasses.replace(
        sample, file=f"model.tar{'.gz' * packed}", content=gz(out) if packed else out
    )
