"""The zip reader: both views of an archive, and every place where they differ."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.zip_archive import Archive, looks_like, member_source, open_archive
from modelkeep.sources import FileSource
from samples import VALID, Entry, Pipe, bomb, budget, mutants, prefixes, raw_zip, zip_of

A, B, C = Entry("a", b"first"), Entry("b", b"second"), Entry("c", b"third")
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
ZIP64_WIDE = struct.pack("<HHQ", 1, 8, (1 << 64) - 1)


def view(data: bytes) -> Archive:
    return open_archive(MemorySource(data), budget())


def contents(data: bytes) -> dict[str, bytes]:
    archive = view(data)
    read = {}
    for member in archive.members:
        source, problem = member_source(archive, member, budget())
        assert problem is None
        read[member.name] = source.read(0, source.size)
    return read


def lies(data: bytes) -> list[str]:
    return [sentence for _, sentence in view(data).lies]


def hidden(data: bytes) -> list[bytes]:
    return [part.read(0, part.size) for part in view(data).hidden]


# Honest archives

names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
).filter(lambda name: not name.endswith("/"))


@settings(max_examples=60)
@given(
    st.dictionaries(names, st.binary(max_size=300), max_size=5),
    st.sampled_from(METHODS),
    st.booleans(),
)
def test_an_honest_archive_reads_as_the_standard_library_reads_it(
    members: dict[str, bytes], method: int, stream: bool
) -> None:
    data = zip_of(members, method=method, stream=stream)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    found = view(data)
    assert [m.name for m in found.members] == list(expected)
    assert contents(data) == expected == members
    assert (found.lies, found.hidden) == ((), ())


@pytest.mark.parametrize("stream", [False, True])
def test_wide_sizes_are_read_where_they_stand(stream: bool) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(Pipe(out) if stream else out, "w") as archive:
        for name in ("a", "b"):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(b"wide")
    assert contents(out.getvalue()) == {"a": b"wide", "b": b"wide"}
    assert lies(out.getvalue()) == []


def test_an_archive_with_a_zip64_end_record_is_read() -> None:
    data = raw_zip(A, B)
    end = data.rfind(b"PK\5\6")
    count, length, start = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    blank = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, *[0xFFFFFFFF] * 2, 0)
    wide = data[:end] + record + locator + blank
    assert contents(wide) == {"a": b"first", "b": b"second"}
    assert zipfile.ZipFile(io.BytesIO(wide)).namelist() == ["a", "b"]
    with pytest.raises(MalformedArtifactError, match="zip64"):
        view(data[:end] + record[:-8] + locator + blank)


def test_a_comment_is_part_of_the_archive() -> None:
    data = raw_zip(A)
    assert lies(data[:-2] + struct.pack("<H", 5) + b"hello") == []


def test_an_empty_archive_is_an_archive(tmp_path: object) -> None:
    data = raw_zip()
    assert view(data).members == ()
    path = tmp_path / "empty.zip"  # type: ignore[operator]
    path.write_bytes(data)
    with FileSource(path) as source:
        assert open_archive(source, budget()).members == ()


# Lies


@pytest.mark.parametrize(
    ("data", "lie"),
    [
        (raw_zip(Entry("data.pkl", b"x", local_name="evil.pkl")), "differ in name"),
        (raw_zip(A, Entry("a", b"other")), "two members are named 'a'"),
        (raw_zip(A, Entry("b", b"second", flags=0x1)), "'b' says it is encrypted"),
        (raw_zip(A, Entry("b", b"second", flags=0x40)), "'b' says it is encrypted"),
        (raw_zip(Entry("a", b"first", packed=3)), "differ in packed size"),
        (b"#!/bin/sh\n" + raw_zip(A), "10 bytes before the first member"),
        (raw_zip(A) + b"trailing", "8 bytes follow the archive"),
        (raw_zip(A, Entry("x", b"unlisted", listed=False), C), "39 bytes between members"),
        (raw_zip(A, Entry("b", b"second", gap=b"gap")), "3 bytes between members"),
        (raw_zip(A, Entry("x", b"first", offset=0, stored=False)), "'x' overlaps"),
        (raw_zip(A, B, count=1), ""),
        (raw_zip(Entry("folder/", b"not empty")), ""),
    ],
    ids=[
        *("name", "duplicate", "encrypted", "strongly encrypted", "size", "prefix", "tail"),
        *("hidden member", "gap", "overlap", "count", "folder with bytes"),
    ],
)
def test_a_lie_is_told(data: bytes, lie: str) -> None:
    assert any(lie in sentence for sentence in lies(data))


def test_a_header_that_differs_from_the_directory_is_a_lie() -> None:
    honest = raw_zip(A)
    for offset, label in ((8, "method"), (14, "CRC"), (18, "packed size"), (22, "size")):
        data = bytearray(honest)
        data[offset] ^= 1
        (lie,) = lies(bytes(data))
        assert label in lie.partition("differ in ")[2].split(", ")


def test_two_entries_of_which_the_end_record_counts_one_are_a_lie() -> None:
    """``zipfile`` reads entries to the end of the directory and ignores the count."""
    inner = raw_zip(Entry("data.pkl", bomb()))
    member = inner[: inner.rfind(b"PK\1\2")]
    outer = Entry("notes.txt", b"hello\n" + member)
    offset = 30 + len("notes.txt") + len(b"hello\n")
    data = raw_zip(outer, Entry("data.pkl", bomb(), offset=offset, stored=False), count=1)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("data.pkl") == bomb()
    assert lies(data)


@pytest.mark.parametrize("deflated", [False, True])
def test_a_wrong_checksum_is_a_problem_of_the_member(deflated: bool) -> None:
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    data = bytearray(zip_of({"a": b"first"}, method=method))
    directory = data.rfind(b"PK\1\2")
    for at in (14, directory + 16):
        data[at] ^= 0xFF
    archive = view(bytes(data))
    source, problem = member_source(archive, archive.members[0], budget())
    assert source.read(0, 99) == b"first"
    assert problem == "member 'a' does not match its CRC"


def test_a_wrong_size_is_a_problem_of_the_member() -> None:
    data = bytearray(zip_of({"a": b"first"}, method=zipfile.ZIP_DEFLATED))
    directory = data.rfind(b"PK\1\2")
    for at in (22, directory + 24):
        data[at] += 1
    archive = view(bytes(data))
    _, problem = member_source(archive, archive.members[0], budget())
    assert problem == "member 'a' holds 5 bytes, its header says 6"


def test_bytes_outside_every_member_are_handed_out() -> None:
    unlisted = Entry("x", bomb(), listed=False)
    (gap,) = hidden(raw_zip(A, unlisted, C))
    assert gap.startswith(b"PK\3\4")
    assert gap.endswith(bomb())
    assert hidden(bomb() + raw_zip(A) + b"tail") == [bomb(), b"tail"]


def test_bytes_behind_the_end_of_packed_data_are_not_lost() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"first") + packer.flush()
    honest = Entry("a", packed + bomb())
    data = bytearray(raw_zip(honest))
    directory = data.rfind(b"PK\1\2")
    for at in (0, directory + 2):
        struct.pack_into("<H", data, at + 8, 8)
        struct.pack_into("<I", data, at + 14, zlib.crc32(b"first"))
        struct.pack_into("<I", data, at + 22, len(b"first"))
    assert zipfile.ZipFile(io.BytesIO(bytes(data))).read("a") == b"first"
    archive = view(bytes(data))
    _, problem = member_source(archive, archive.members[0], budget())
    assert problem is not None or archive.lies


def test_members_behind_a_prefix_are_read_as_they_are() -> None:
    assert contents(b"prefix" + raw_zip(A, B)) == {"a": b"first", "b": b"second"}


def test_a_symbolic_link_is_told_apart() -> None:
    link, file = view(raw_zip(Entry("l", b"/etc", mode=0o120777), A)).members
    assert (link.is_symlink, file.is_symlink) == (True, False)


# Limits and damage


def test_members_count_as_entries() -> None:
    assert len(open_archive(MemorySource(raw_zip(A, B)), budget(entries=2)).members) == 2
    with pytest.raises(LimitExceededError, match="entries"):
        open_archive(MemorySource(raw_zip(A, B)), budget(entries=1))


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("limits", [{"ratio": 200}, {"ratio": 10**9, "member_bytes": 1 << 20}])
def test_a_bomb_is_a_limit_before_it_is_unpacked(method: int, limits: dict[str, int]) -> None:
    data = zip_of({"a": b"\0" * (8 << 20)}, method=method)
    archive = view(data)
    with pytest.raises(LimitExceededError, match="unpacks to more than"):
        member_source(archive, archive.members[0], budget(**limits))


@pytest.mark.parametrize("name", ["zip", "zip packed", "zip stream"])
def test_an_archive_cut_short_anywhere_is_malformed(name: str) -> None:
    for data in prefixes(VALID[name]):
        with pytest.raises(MalformedArtifactError):
            view(data)


@pytest.mark.parametrize("method", METHODS[1:])
def test_packed_data_that_is_none_is_malformed(method: int) -> None:
    data = bytearray(zip_of({"a": b"first" * 20}, method=method))
    data[31:35] = b"\xff" * 4
    archive = view(bytes(data))
    with pytest.raises(MalformedArtifactError, match="'a'"):
        member_source(archive, archive.members[0], budget())


def test_an_unknown_method_is_malformed() -> None:
    data = bytearray(raw_zip(A))
    data[8] = data[data.rfind(b"PK\1\2") + 10] = 99
    archive = view(bytes(data))
    with pytest.raises(MalformedArtifactError, match="method 99"):
        member_source(archive, archive.members[0], budget())


def test_a_member_that_ends_behind_the_file_is_malformed(tmp_path: object) -> None:
    for flags in (0, 8):
        extra = Entry("a", b"x", flags=flags, packed=0xFFFFFFFF, extra=ZIP64_WIDE)
        path = tmp_path / "wide.zip"  # type: ignore[operator]
        path.write_bytes(raw_zip(extra))
        with FileSource(path) as source, pytest.raises(MalformedArtifactError):  # noqa: PT012
            archive = open_archive(source, budget())
            member_source(archive, archive.members[0], budget())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\5\6",
        b"PK\3\4" + b"\0" * 40,
        raw_zip(Entry("a", b"first", offset=9)),
        raw_zip(Entry("a", b"first", offset=10**6)),
        struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 99, 0, 0),
    ],
    ids=["empty", "half an end", "no end", "no header", "outside", "no directory"],
)
def test_what_is_no_archive_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        view(data)


def test_an_archive_is_recognised_from_either_end() -> None:
    assert looks_like(MemorySource(b"PK\3\4"))
    assert looks_like(MemorySource(b"prefix" + raw_zip(A) + b"tail"))
    assert not looks_like(MemorySource(b"PK\5\6 in a text"))


@settings(max_examples=200)
@given(st.binary(max_size=100) | mutants("zip"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        archive = view(data)
        for member in archive.members:
            member_source(archive, member, budget())
    except ModelkeepError:
        return
    assert all(part.start + part.length <= len(data) for part in archive.hidden)
