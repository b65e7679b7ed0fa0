"""State dicts read as data: what torch saves comes out, and nothing is ever called."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import InputError, ModelkeepError
from modelkeep.models.converting import convert_checkpoint

torch = pytest.importorskip("torch")
reader = pytest.importorskip("safetensors.torch")
KINDS = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()


def converted(value: object, folder: Path) -> dict[str, object]:
    torch.save(value, folder / "a.pt")
    convert_checkpoint(folder / "a.pt", folder / "a.safetensors")
    return dict(reader.load_file(folder / "a.safetensors"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_number_comes_out_bit_for_bit(kind: str, tmp_path: Path) -> None:
    value = (torch.arange(12).reshape(3, 4) % 2).to(getattr(torch, kind))
    found = converted({"w": value, "empty": value[:0], "scalar": value[0, 0].clone()}, tmp_path)
    assert found["w"].dtype is value.dtype
    assert torch.equal(found["w"], value)
    assert found["empty"].shape == (0, 4)
    assert found["scalar"].shape == ()


def test_modules_views_parameters_and_shared_storages_come_out(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    found = converted(module.state_dict(), tmp_path)
    assert found.keys() == module.state_dict().keys()
    assert all(torch.equal(found[k], v) for k, v in module.state_dict().items())
    (tmp_path / "two").mkdir()
    base = torch.arange(10.0)
    found = converted(
        {"state_dict": {"a": base[2:5], "b": base, "p": torch.nn.Parameter(base)}},
        tmp_path / "two",
    )
    assert torch.equal(found["a"], base[2:5])
    assert torch.equal(found["p"], base)


def test_numbers_out_of_order_and_things_that_are_no_tensors_are_refused(
    tmp_path: Path,
) -> None:
    for number, (value, says) in enumerate(
        [
            ({"w": torch.arange(6).reshape(2, 3).T}, "do not lie in order"),
            ({"w": 3}, "is no tensor"),
            ({}, "no state dict"),
            ([1], "no state dict"),
            (torch.nn.Linear(2, 2), "is not needed by a state dict"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(InputError, match=says):
            converted(value, folder)


def archive(data: bytes, folder: Path, **members: bytes) -> Path:
    path = folder / "evil.pt"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", data)
        for name, content in members.items():
            file.writestr(f"archive/data/{name}", content)
    return path


PLANTED = {
    "reduce": b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
    "inst": b"(S'true'\nios\nsystem\n.",
    "stacked": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    "newobj": b"\x80\x02cos\nsystem\n)\x81.",
    "build": b"\x80\x02ctorch\nTensor\n}b.",
    "extension": b"\x80\x02\x82\x01.",
    "dictionary with arguments": b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.",
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_calls_are_refused_and_never_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr("os.system", called.append)
    monkeypatch.setattr("posix.system", called.append)
    with pytest.raises(ModelkeepError):
        convert_checkpoint(archive(PLANTED[name], tmp_path), tmp_path / "out.safetensors")
    assert called == []


def test_no_name_is_looked_up(tmp_path: Path) -> None:
    looked_up: list[object] = []
    watching = [True]

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event == "pickle.find_class":
            looked_up.append(arguments)

    sys.addaudithook(hear)
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt")
    convert_checkpoint(tmp_path / "a.pt", tmp_path / "a.safetensors")
    watching[0] = False
    assert looked_up == []


@pytest.mark.parametrize(
    "change",
    [{"offset": 9}, {"shape": (99,)}, {"shape": (-1,)}, {"stride": (-1,)}, {"key": "7"}],
)
def test_tensor_beyond_its_storage_is_refused(
    change: dict[str, object], tmp_path: Path
) -> None:
    from torch import FloatStorage  # noqa: PLC0415 - named in the pickle below
    from torch._utils import _rebuild_tensor_v2  # noqa: PLC0415

    said = {"key": "0", "offset": 0, "shape": (2,), "stride": (1,)} | change

    class Tensor:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return _rebuild_tensor_v2, (
                Place(), said["offset"], said["shape"], said["stride"], False, {},
            )  # fmt: skip

    class Place:
        """The storage, by persistent id."""

    class Writer(pickle.Pickler):
        def persistent_id(self, thing: object) -> object:
            own = isinstance(thing, Place)
            return ("storage", FloatStorage, said["key"], "cpu", 2) if own else None

    sink = io.BytesIO()
    Writer(sink, 2).dump({"w": Tensor()})
    path = archive(sink.getvalue(), tmp_path, **{"0": b"\0" * 8})
    with pytest.raises(InputError, match="w: "):
        convert_checkpoint(path, tmp_path / "out.safetensors")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_changed_pickles_end_in_an_error_or_in_tensors(data: st.DataObject) -> None:
    sink = io.BytesIO()
    torch.save({"w": torch.ones(2)}, sink)
    with zipfile.ZipFile(sink) as file:
        pkl = bytearray(file.read(next(n for n in file.namelist() if n.endswith("data.pkl"))))
    for _ in range(data.draw(st.integers(1, 4))):
        pkl[data.draw(st.integers(0, len(pkl) - 1))] = data.draw(st.integers(0, 255))
    import tempfile  # noqa: PLC0415 - hypothesis shares no tmp_path

    with tempfile.TemporaryDirectory() as name:
        path = archive(bytes(pkl), Path(name), **{"0": b"\0" * 8})
        try:
            assert convert_checkpoint(path, Path(name) / "out.safetensors") >= 1
        except ModelkeepError:
            return
