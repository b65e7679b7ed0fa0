"""The zip reader: both views of an archive, and every place where they differ."""

from __future__ import annotations

import io
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import Budget, MemorySource, Reading, Source
from modelkeep.formats.zip_archive import Archive, looks_like, open_archive, read
from modelkeep.formats.zip_directory import Member
from modelkeep.formats.zip_member import unpack
from modelkeep.sources import FileSource
from samples import VALID, Entry, Pipe, bomb, budget, mutants, prefixes, raw_zip, zip_of

A, B, C = Entry("a", b"first"), Entry("b", b"second"), Entry("c", b"third")
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
EVIL = bomb()


@dataclass
class Scanned:
    bodies: list[tuple[str, bytes]]
    lies: list[str]
    errors: list[ModelkeepError]

    @property
    def evil(self) -> bool:
        return any(EVIL in body for _, body in self.bodies)


ZIP64_WIDE = struct.pack("<HHQ", 1, 8, (1 << 64) - 1)


def view(data: bytes) -> Archive:
    archive = open_archive(MemorySource(data), budget())
    if archive.errors:
        raise archive.errors[0]
    return archive


def member_source(
    archive: Archive, member: Member, counter: Budget
) -> tuple[Source, str | None]:
    found = unpack(archive.source, member, counter)
    if found.error:
        raise found.error
    return found.source, found.problem


def contents(data: bytes) -> dict[str, bytes]:
    archive = view(data)
    read = {}
    for member in archive.members:
        source, problem = member_source(archive, member, budget())
        assert problem is None
        read[member.name] = source.read(0, source.size)
    return read


def scanned(data: bytes) -> Scanned:
    """Everything the reader hands out, its members opened one by one."""
    reading = Reading()
    errors = []
    try:
        read(MemorySource(data), budget(), reading)
    except ModelkeepError as error:
        errors.append(error)
    bodies: list[tuple[str, bytes]] = []
    for opened in reading.parts:
        try:
            source = opened.open()
        except ModelkeepError as error:
            errors.append(error)
        else:
            bodies.append((opened.member, source.read(0, source.size)))
    return Scanned(bodies, [sentence for _, sentence in reading.lies], errors)


def packed_zip(name: str, data: bytes, packed: bytes, method: int, flags: int = 0) -> bytes:
    """One member whose packed bytes are made elsewhere."""
    made = bytearray(raw_zip(Entry(name, packed, flags=flags)))
    directory = made.rfind(b"PK\1\2")
    for at in (0, directory + 2):
        struct.pack_into("<H", made, at + 8, method)
        struct.pack_into("<I", made, at + 14, zlib.crc32(data))
        struct.pack_into("<I", made, at + 22, len(data))
    return bytes(made)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


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
    assert (found.lies, found.hidden) == ([], [])


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
    with pytest.raises(MalformedArtifactError, match="zip"):
        view(data[:end] + record[:-8] + locator + blank)


def test_a_comment_is_part_of_the_archive() -> None:
    data = raw_zip(A)
    assert lies(data[:-2] + struct.pack("<H", 5) + b"hello") == []


def test_an_empty_archive_is_an_archive(tmp_path: object) -> None:
    data = raw_zip()
    assert view(data).members == []
    path = tmp_path / "empty.zip"  # type: ignore[operator]
    path.write_bytes(data)
    with FileSource(path) as source:
        assert open_archive(source, budget()).members == []


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
    rest = unpack(archive.source, archive.members[0], budget()).rest
    assert rest.read(0, rest.size) == bomb()
    assert any("follow the end of member 'a'" in lie for lie in scanned(bytes(data)).lies)


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
    data = zip_of({"a": b"\0" * (65 << 20)}, method=method)
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


@pytest.mark.parametrize(
    ("method", "reason"),
    [(9, r"method 9 \(Deflate64\)"), (98, "PPMd"), (99, "encrypted"), (250, "method 250,")],
)
def test_a_method_that_is_not_read_is_named(method: int, reason: str) -> None:
    archive = view(packed_zip("a", b"first", b"first", method))
    with pytest.raises(MalformedArtifactError, match=reason):
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


# Other methods, other views


@pytest.mark.parametrize("method", [93, 20])
def test_zstandard_members_are_read(method: int) -> None:
    packed = zstandard.ZstdCompressor().compress(EVIL)
    assert contents(packed_zip("a", EVIL, packed, method)) == {"a": EVIL}


def test_xz_members_are_read() -> None:
    assert contents(packed_zip("a", EVIL, lzma.compress(EVIL), 95)) == {"a": EVIL}


@pytest.mark.parametrize("mark", [True, False])
def test_lzma_members_are_read_with_and_without_an_end_mark(mark: bool) -> None:
    data = zip_of({"a": EVIL * 3}, method=zipfile.ZIP_LZMA)
    assert contents(data) == {"a": EVIL * 3}
    alone = lzma.compress(EVIL, lzma.FORMAT_ALONE)
    packed = b"\x09\x04\x05\0" + alone[:5] + alone[13:]
    assert contents(packed_zip("a", EVIL, packed, 14, flags=2 * mark)) == {"a": EVIL}


@pytest.mark.parametrize("header", [b"", b"\x09\x04\x05\0", b"\x09\x04\x05\0\xff\0\0\1\0"])
def test_lzma_without_its_properties_is_malformed(header: bytes) -> None:
    archive = view(packed_zip("a", EVIL, header, 14))
    with pytest.raises(MalformedArtifactError, match="LZMA"):
        member_source(archive, archive.members[0], budget())


@pytest.mark.parametrize("flags", [0x1, 0x20, 0x40])
@pytest.mark.parametrize("method", [0, 8])
def test_flags_do_not_hide_plain_data(flags: int, method: int) -> None:
    packed = deflated(EVIL) if method else EVIL
    found = scanned(packed_zip("a", EVIL, packed, method, flags))
    assert found.evil
    assert any("encrypted and is not" in lie for lie in found.lies)


@pytest.mark.parametrize("method", [0, 8])
def test_a_member_that_is_truly_encrypted_is_not_read_and_no_lie(method: int) -> None:
    packed = b"\xff" * 12 + bytes(byte ^ 0xA5 for byte in EVIL)
    found = scanned(packed_zip("a", EVIL, packed, method, flags=1))
    assert [str(error) for error in found.errors] == [
        "zip member 'a' is encrypted, so not read"
    ]
    assert found.lies == []


@pytest.mark.parametrize(
    "data",
    [
        raw_zip(Entry("a.txt", EVIL, local_name="a.pkl")),
        raw_zip(Entry("a", b"x" * 10, local_name="a"), Entry("b", EVIL, listed=False)),
        raw_zip(Entry("a", EVIL, offset=10**6), Entry("b", EVIL, offset=0)),
        raw_zip(Entry("a", b"x"), Entry("a", EVIL)),
        raw_zip(Entry("a", EVIL), Entry("a", b"x")),
        raw_zip(Entry("a", b"x", crc=1), Entry("b", EVIL)),
        raw_zip(Entry("a", EVIL, crc=1)),
        raw_zip(Entry("a", EVIL))[:-30],
        raw_zip(Entry("a", EVIL)) + b"\0" * (1 << 17),
        raw_zip(Entry("a", b"x", packed=10**6), Entry("b", EVIL)),
        zip_of({"in.zip": zip_of({"a": EVIL})}),
        raw_zip(Entry("folder/", EVIL)),
    ],
    ids=[
        *("local name", "unlisted", "outside", "last of a name", "first of a name"),
        *("behind a wrong CRC", "wrong CRC", "no directory", "directory out of sight"),
        *("behind one too long", "nested", "folder with bytes"),
    ],
)
def test_a_payload_is_handed_out_wherever_it_hides(data: bytes) -> None:
    assert scanned(data).evil


def test_a_local_header_with_its_own_sizes_is_a_story_of_its_own() -> None:
    data = bytearray(raw_zip(Entry("a", EVIL)))
    at = data.rfind(b"PK\1\2")
    struct.pack_into("<III", data, at + 16, zlib.crc32(EVIL[:2]), 2, 2)
    found = scanned(bytes(data))
    assert ("a", EVIL) in found.bodies
    assert ("a", EVIL[:2]) in found.bodies


def test_a_directory_in_the_comment_is_read_beside_the_first() -> None:
    front = raw_zip(Entry("a", EVIL))
    behind = raw_zip(Entry("b", b"other"))
    data = front[:-2] + struct.pack("<H", len(behind)) + behind
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["b"]
    found = scanned(data)
    assert found.evil
    assert ("b", b"other") in found.bodies


def test_a_second_directory_where_the_offset_points_is_read_too() -> None:
    """One program counts back from the end record, another believes the offset in it."""
    evil = raw_zip(Entry("evil.pkl", EVIL))
    directory = evil.find(b"PK\1\2")
    fine = raw_zip(Entry("a", b"fine"))
    data = bytearray(evil[: evil.rfind(b"PK\5\6")] + fine)
    struct.pack_into("<I", data, len(data) - 6, directory)
    found = scanned(bytes(data))
    assert found.lies
    assert found.evil


def test_a_zip_kept_within_an_archive_is_no_second_directory() -> None:
    assert scanned(zip_of({"in.zip": raw_zip(A), "last.zip": raw_zip(B)})).lies == []


def test_the_unicode_path_is_a_name_too() -> None:
    name = b"a.txt"
    field = b"\1" + struct.pack("<I", zlib.crc32(name)) + b"../evil.pkl"
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    data = raw_zip(Entry("a.txt", EVIL, extra=extra))
    assert [member for member, _ in scanned(data).bodies] == ["a.txt", "../evil.pkl"]
    (member,) = view(data).members
    assert member.other_name == "../evil.pkl"
    stale = extra[:5] + b"\0\0\0\0" + extra[9:]
    assert view(raw_zip(Entry("a.txt", EVIL, extra=stale))).members[0].other_name is None


def test_what_came_before_a_broken_end_is_handed_out() -> None:
    packed = deflated(EVIL + bytes(range(256)) * 40)
    broken = packed[:-20] + b"\xff" * 20
    found = scanned(packed_zip("a", EVIL, broken, 8))
    assert found.errors
    assert found.evil


def test_overlapping_members_that_multiply_are_a_bomb_and_not_unpacked() -> None:
    packed = deflated(b"\0" * (1 << 20))
    one = bytearray(packed_zip("a", b"\0" * (1 << 20), packed, 8))
    start, end = one.rfind(b"PK\1\2"), one.rfind(b"PK\5\6")
    entry = bytes(one[start:end])
    many = entry * 300
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 300, 300, len(many), start, 0)
    found = scanned(bytes(one[:start]) + many + tail)
    assert "overlapping members" in str(found.errors[0])
    assert found.bodies == []


def test_an_archive_kept_in_a_pickle_does_not_make_it_a_zip() -> None:
    kept = pickle.dumps({"weights": zip_of({"a": b"x"})})
    assert not looks_like(MemorySource(kept))
    assert looks_like(MemorySource(pickle.dumps({}) + zip_of({"a": b"x"})))


def opened_by_zipfile(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return
    for info in archive.infolist():
        try:
            yield (
                info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"),
                archive.read(info),
            )
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
            continue
        except (zlib.error, OSError, ValueError, lzma.LZMAError, struct.error):
            continue


@settings(max_examples=400, deadline=None)
@given(mutants("zip"))
def test_what_the_standard_library_reads_is_among_what_is_handed_out(data: bytes) -> None:
    seen = list(opened_by_zipfile(data))
    if not seen:
        return
    assert looks_like(MemorySource(data))
    bodies = {
        (name.encode("utf-8", "backslashreplace"), body) for name, body in scanned(data).bodies
    }
    handed_out = {body for _, body in bodies}
    for name, body in seen:
        shown = name.decode("utf-8", "backslashreplace").encode()
        if not body and (name.endswith(b"/") or body not in handed_out):
            continue
        assert (shown, body) in bodies


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
