"""HDF5 without its library: attributes, links, small arrays, damage, bounds."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdf5_files import FILES
from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.hdf5 import Hdf5Document, Outside, looks_like, read
from samples import VALID, bomb, budget, damage, scan_bytes


def reading_of(data: bytes) -> tuple[Hdf5Document, Reading]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, Hdf5Document)
    return reading.document, reading


def parts_of(reading: Reading) -> dict[str, bytes]:
    return {p.member: p.open().read(0, 1 << 20) for p in reading.parts}


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_recognised(name: str) -> None:
    assert "hdf5" in sniff(MemorySource(FILES[name]))


@pytest.mark.parametrize("name", ["keras old", "keras latest", "user block"])
def test_attributes_and_links_of_either_version_are_read(name: str) -> None:
    document, reading = reading_of(FILES[name])
    found = {(a.path, a.name): a.text for a in document.attributes}
    assert found["/", "keras_version"] == "3.15.1"
    assert found["/model_weights", "layer_names"] == "dense dense_1"
    assert [path for path, _ in document.links] == [
        "/model_weights", "/model_weights/dense", "/model_weights/dense/kernel",
    ]  # fmt: skip
    config = json.loads(parts_of(reading)["/@model_config"])
    assert config["config"]["layers"][0]["class_name"] == "Lambda"
    assert len(reading.parts) == 1, "weights are not handed out"


def test_texts_of_fixed_length_and_soft_links_are_read() -> None:
    document, reading = reading_of(FILES["fixed text"])
    assert document.links == [("/s", "/model")]
    assert json.loads(parts_of(reading)["/@model_config"])["class_name"] == "Sequential"


@pytest.mark.parametrize("name", ["dense", "dense tracked"])
def test_links_and_attributes_in_heaps_are_read(name: str) -> None:
    document, reading = reading_of(FILES[name])
    assert sorted(path for path, _ in document.links) == [f"/group_{i:03}" for i in range(40)]
    values = {a.name: a.text for a in document.attributes if a.path == "/group_008"}
    assert values["a29"] == "value 29"
    assert len(values) == 31
    assert set(parts_of(reading)) == {
        "/group_007@model_config", "/group_008@model_config",
    }  # fmt: skip


def test_an_attribute_too_large_for_its_header_is_read() -> None:
    _, reading = reading_of(FILES["big attribute"])
    assert json.loads(parts_of(reading)["/@model_config"])["class_name"] == "Lambda"


def test_places_outside_the_file_are_listed() -> None:
    document, _ = reading_of(FILES["outside latest"])
    assert set(document.outside) == {
        Outside("/link", "external link", "/etc/passwd"),
        Outside("/raw", "external storage", "/etc/shadow"),
        Outside("/virtual", "virtual dataset", "../other.h5"),
    }


@pytest.mark.parametrize("name", ["data old", "data latest"])
def test_bytes_and_texts_in_datasets_are_handed_out(name: str) -> None:
    found = parts_of(reading_of(FILES[name])[1])
    stored = ("/contiguous", "/compact", "/opaque", "/text", "/deflate", "/variable")
    assert [found[path] for path in stored] == [bomb()] * 6
    assert found["/chunks"] == bomb() * 2
    assert json.loads(found["/strings"])["class_name"] == "Sequential"
    assert json.loads(found["/@typed"])["class_name"] == "Sequential"
    assert "/float" not in found


def test_chunks_of_every_index_are_read() -> None:
    found = parts_of(reading_of(FILES["chunks"])[1])
    assert set(found) == {
        "/single", "/fixed", "/fixed deflate", "/tree", "/compact", "/implicit", "/extensible",
    }  # fmt: skip
    assert all(value.startswith(bomb()) for value in found.values())


def test_pickles_in_attributes_are_judged(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, FILES["pandas"], name="store.h5")
    assert result.verdict is Verdict.FAIL
    assert {f.location.member for f in result.findings} == {"/df@evil"}


def test_bytes_around_the_file_are_handed_out() -> None:
    data = bomb().ljust(1024, b"x") + FILES["user block"][1024:] + bomb()
    found = parts_of(reading_of(data)[1])
    assert found["[user block]"].startswith(bomb())
    assert found[f"[{len(FILES['user block']):#x}]"] == bomb()


def test_a_file_cut_short_is_inconclusive(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, FILES["keras old"][:-700], name="m.h5")
    assert result.verdict is not Verdict.PASS


def test_one_damaged_object_stops_no_other() -> None:
    at = FILES["dense"].index(b"value 29")
    data = FILES["dense"].replace(b"BTLF\0\x08", b"XXXX\0\x08")
    assert at > 0
    reading = Reading()
    with pytest.raises(MalformedArtifactError, match="no signature"):
        read(MemorySource(data), budget(), reading)
    assert "/group_007@model_config" in parts_of(reading)


def test_a_group_that_holds_itself_ends() -> None:
    data = bytearray(FILES["keras old"])
    (root,) = struct.unpack_from("<Q", data, 64)
    start = data.index(b"SNOD")
    struct.pack_into("<Q", data, start + 16, root)
    document, _ = reading_of(bytes(data))
    assert len(document.links) == 1


def test_objects_are_bounded() -> None:
    with pytest.raises(LimitExceededError, match="entries"):
        read(MemorySource(FILES["dense"]), budget(entries=20), Reading())


def test_no_other_sample_looks_like_it() -> None:
    assert [name for name, data in VALID.items() if looks_like(MemorySource(data))] == []


@pytest.mark.parametrize("name", ["fixed text", "outside old", "keras latest"])
def test_every_prefix_is_refused_or_read(name: str) -> None:
    for length in range(0, len(FILES[name]), 3):
        _read_or_refuse(FILES[name][:length])


_EDITS = st.lists(
    st.tuples(
        st.integers(0, 1 << 14),
        st.integers(0, 12),
        st.binary(max_size=8) | st.sampled_from([b"\xff" * 8, b"\0" * 8]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), _EDITS)
def test_any_bytes_are_read_or_refused(name: str, edits: list[tuple[int, int, bytes]]) -> None:
    _read_or_refuse(damage(FILES[name], [(at, len(put), put) for at, _, put in edits]))


@given(st.binary(max_size=300))
def test_noise_behind_the_signature_is_refused(noise: bytes) -> None:
    _read_or_refuse(b"\x89HDF\r\n\x1a\n" + noise)


def _read_or_refuse(data: bytes) -> None:
    reading = Reading()
    try:
        read(MemorySource(data), budget(), reading)
    except ModelkeepError:
        return
    assert isinstance(reading.document, Hdf5Document)


def test_what_the_library_writes_is_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py writes the file that is compared")
    for version in ("earliest", "latest"):
        path = tmp_path / f"{version}.h5"
        with h5py.File(path, "w", libver=version) as file:
            for number in range(500):
                file.create_group(f"group_{number:04}").attrs["n"] = f"text {number}"
        document, _ = reading_of(path.read_bytes())
        assert len(document.links) == 500
        assert {a.text for a in document.attributes} == {f"text {i}" for i in range(500)}


def test_a_file_behind_a_large_user_block_is_found() -> None:
    data = bytes(4 << 20) + FILES["keras old"]
    assert looks_like(MemorySource(data))
    assert set(parts_of(reading_of(data)[1])) == {"/@model_config"}
