"""Tar archives: every member under its name, whatever age the archive has."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.contents import Contents, Entry
from modelkeep.formats.tar_archive import looks_like, read
from samples import VALID, bomb, budget, mutants, prefixes, tar_of, zip_of

EVIL = bomb()
FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def opened(data: bytes) -> tuple[list[tuple[str, bytes]], str, Reading]:
    reading = Reading()
    error = ""
    try:
        read(MemorySource(data), budget(), reading)
    except MalformedArtifactError as broken:
        error = str(broken)
    sources = [(p.member, p.open()) for p in reading.parts]
    return [(name, source.read(0, source.size)) for name, source in sources], error, reading


def entries(data: bytes) -> list[Entry]:
    document = opened(data)[2].document
    assert isinstance(document, Contents)
    return document.entries


def seal(block: bytes) -> bytes:
    """A header with the checksum it should have."""
    blank = block[:148] + b" " * 8 + block[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def patched(data: bytes, at: int, new: bytes, *, header: int = 0) -> bytes:
    block = bytearray(data[header : header + 512])
    block[at : at + len(new)] = new
    return data[:header] + seal(bytes(block)) + data[header + 512 :]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text("abcü/.", min_size=1, max_size=90).filter(lambda n: not n.endswith("/")),
        st.binary(max_size=1500),
        max_size=4,
    )
)
def test_an_archive_reads_as_the_standard_library_reads_it(
    form: int, members: dict[str, bytes]
) -> None:
    data = tar_of(*members.items(), form=form)
    found, error, reading = opened(data)
    assert found == [(name, body) for name, body in members.items() if body]
    assert (error, reading.lies) == ("", [])
    assert [entry.name for entry in entries(data)] == list(members)


@pytest.mark.parametrize("form", FORMS)
def test_long_names_and_links_are_whole(form: int) -> None:
    name = "/".join(["d" * 60] * 3)
    target = "t" * (90 if form == tarfile.USTAR_FORMAT else 300)
    found = entries(tar_of((name, b"x"), form=form, links={"l": target}))
    assert [entry.name for entry in found] == [name, "l"]
    assert (found[1].kind, found[1].target) == ("symlink", target)


def test_the_oldest_archives_have_no_magic() -> None:
    data = patched(tar_of(("a.pkl", EVIL)), 257, b"\0" * 243)
    assert sniff(MemorySource(data)) == ("tar",)
    assert opened(data)[0] == [("a.pkl", EVIL)]


def test_a_checksum_of_signed_bytes_counts() -> None:
    block = bytearray(tar_of(("\xe9" * 5, b"x"))[:512])
    blank = bytes(block[:148]) + b" " * 8 + bytes(block[156:])
    signed = sum(byte - 256 if byte > 127 else byte for byte in blank)
    block[148:156] = b"%06o\0 " % signed
    assert looks_like(MemorySource(bytes(block)))


def test_what_stands_behind_the_end_of_a_checksum_does_not_count() -> None:
    block = bytearray(tar_of(("a", b"x"))[:512])
    assert block[154] == 0
    block[155] = 0xCD
    assert looks_like(MemorySource(bytes(block)))


def test_both_members_of_one_name_are_handed_out() -> None:
    assert opened(tar_of(("a", b"first"), ("a", EVIL), ("a", b"last")))[0] == [
        ("a", b"first"), ("a", EVIL), ("a", b"last"),
    ]  # fmt: skip


def test_a_broken_header_does_not_end_the_search() -> None:
    data = bytearray(tar_of(("a", b"x"), ("b", b"y"), ("c", EVIL)))
    data[1024 + 10] ^= 1
    found, error, _ = opened(bytes(data))
    assert ("c", EVIL) in found
    assert "wrong checksum" in error


def test_what_follows_the_end_is_a_part() -> None:
    one = tar_of(("a", b"x"))
    assert opened(one + EVIL)[0][-1] == ("trailing", EVIL)
    assert opened(one + tar_of(("b", EVIL)))[0][-1][1].startswith(b"b\0")
    assert opened(one + b"\0" * 9000)[0] == [("a", b"x")]


@pytest.mark.parametrize("kind", [b"1", b"2", b"5", b"3"])
def test_a_size_on_what_has_no_data_hides_nothing(kind: bytes) -> None:
    two = tar_of(("a", EVIL), ("b", EVIL))
    assert EVIL in [body for _, body in opened(patched(two, 156, kind))[0]]


def test_an_unknown_kind_of_member_is_a_file() -> None:
    assert opened(patched(tar_of(("a", EVIL)), 156, b"Z"))[0] == [("a", EVIL)]


def test_a_size_that_the_extension_contradicts_is_a_lie() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.size = len(EVIL)
        info.pax_headers = {"size": str(len(EVIL)), "comment": "x"}
        archive.addfile(info, io.BytesIO(EVIL))
    honest = out.getvalue()
    assert opened(honest)[2].lies == []
    forged = patched(honest, 124, b"%011o\0" % 0, header=1024)
    found, _, reading = opened(forged)
    assert ("a", EVIL) in found
    assert len(reading.lies) == 1


def test_a_sparse_member_is_not_called_whole() -> None:
    found, error, _ = opened(patched(tar_of(("a", EVIL)), 156, b"S"))
    assert found == [("a", EVIL)]
    assert "sparse" in error


def test_sizes_may_be_binary() -> None:
    data = patched(tar_of(("a", EVIL)), 124, b"\x80" + len(EVIL).to_bytes(11, "big"))
    assert opened(data)[0] == [("a", EVIL)]
    _, error, _ = opened(patched(tar_of(("a", EVIL)), 124, b"\xff" * 12))
    assert "negative" in error
    _, error, _ = opened(patched(tar_of(("a", EVIL)), 124, b"zz"))
    assert "no number" in error


def test_a_tar_with_a_zip_in_it_is_no_zip() -> None:
    assert sniff(MemorySource(tar_of(("m.ckpt", zip_of({"a": b"x"}))))) == ("tar",)


@pytest.mark.parametrize("body", [b"12 path", b"7 path=x\n", b"x path=a\n", b"99 path=a\n"])
def test_an_extension_that_holds_no_record_is_malformed(body: bytes) -> None:
    data = patched(tar_of(("a", body), ("b", EVIL)), 156, b"x")
    found, error, _ = opened(data)
    assert "no valid record" in error or "wrong checksum" in error
    assert ("b", EVIL) in found


def test_limits_hold() -> None:
    with pytest.raises(LimitExceededError, match="entries"):
        read(MemorySource(VALID["tar"]), budget(entries=2), Reading())
    huge = patched(patched(tar_of(("a", b"x")), 156, b"x"), 124, b"77777777777\0")
    with pytest.raises(LimitExceededError, match="extension"):
        read(MemorySource(huge), budget(), Reading())


@pytest.mark.parametrize("name", ["tar", "tar pax"])
def test_an_archive_cut_short_anywhere_is_malformed(name: str) -> None:
    data = VALID[name].rstrip(b"\0")
    for cut in [*prefixes(data)[512::97], data]:
        assert opened(cut)[1]


@pytest.mark.parametrize("data", [b"", b"\0" * 1024, b"text" * 300, EVIL * 20])
def test_other_bytes_are_no_tar(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=700) | mutants("tar"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return


@settings(max_examples=200, deadline=None)
@given(mutants("tar"))
def test_what_the_standard_library_reads_is_among_what_is_handed_out(data: bytes) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            seen = [
                (info.name, (archive.extractfile(info) or io.BytesIO()).read())
                for info in archive
                if info.isreg() and not info.issparse()
            ]
    except (tarfile.TarError, KeyError, ValueError, OSError, OverflowError):
        return
    bodies = [body for _, body in opened(data)[0]]
    assert all(body in bodies for _, body in seen if body)
