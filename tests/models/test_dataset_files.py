"""Data sets from files: what is read, and that nothing is guessed, filled or executed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import model_samples as samples
from modelkeep.core import EvidenceError, InputError
from modelkeep.models import Column, load_dataset, load_texts
from modelkeep.sources import digest_artifact, open_artifact

CSV = "age,city,sick\n31,Ulm,no\n45,Bonn,yes\n"


def written(path: Path, text: str = CSV) -> Path:
    path.write_text(text)
    return path


def arrays(path: Path, **named: object) -> Path:
    np.savez(path, **named)
    return path


def picture(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


# Arrays


def test_arrays_are_read_as_float32_rows_and_text_labels(tmp_path: Path) -> None:
    path = arrays(tmp_path / "d.npz", x=np.arange(6).reshape(3, 2), y=[1, 0, 1])
    data = load_dataset(path)
    assert data.rows.dtype == np.float32
    assert data.rows.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert data.labels.tolist() == ["1", "0", "1"]
    assert [column.name for column in data.columns] == ["x0", "x1"]
    assert data.kind == "tabular"


def test_images_in_bytes_are_scaled_to_one_and_get_a_channel(tmp_path: Path) -> None:
    pixels = np.array([[[0, 51], [102, 255]]], np.uint8)
    data = load_dataset(arrays(tmp_path / "d.npz", x=pixels, y=["a"]))
    assert data.kind == "image"
    assert data.rows == pytest.approx(pixels[:, None] / 255)
    assert data.columns == ()


class Trap:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("place", ["x", "y"])
def test_object_arrays_are_refused_and_never_unpickled(tmp_path: Path, place: str) -> None:
    marker = tmp_path / "unpickled"
    trap = np.array([[Trap(marker)]], dtype=object)
    path = arrays(tmp_path / "d.npz", **({"x": np.ones((1, 1)), "y": [0]} | {place: trap}))
    with pytest.raises(InputError, match="cannot be read as arrays"):
        load_dataset(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"x": np.ones((2, 2))}, "needs arrays x and y"),
        ({"x": np.ones((2, 2)), "y": [1]}, "x has shape"),
        ({"x": np.ones(2), "y": [1, 2]}, "x has shape"),
        ({"x": np.ones((2, 2)), "y": [[1], [2]]}, "x has shape"),
        ({"x": np.array(1.0), "y": [1]}, "x has shape"),
        ({"x": np.array([["a"]]), "y": [1]}, "not numbers"),
        ({"x": [[1.0], [np.nan]], "y": [1, 2]}, "NaN or infinity"),
        ({"x": np.full((1, 1, 2, 2), 7.0), "y": [1]}, r"want \[0, 1\]"),
        ({"x": np.zeros((0, 3)), "y": []}, "holds no rows"),
        ({"x": np.zeros((0, 2, 2)), "y": []}, "holds no rows"),
        ({"x": np.zeros((0, 2, 2), np.uint8), "y": []}, "holds no rows"),
    ],
    ids="no-y short one-axis labels-2d no-axis text nan range empty no-images no-bytes".split(),
)
def test_arrays_that_are_no_data_set_are_refused(
    tmp_path: Path, named: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_dataset(arrays(tmp_path / "d.npz", **named))


def test_one_array_under_the_name_of_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    with path.open("wb") as file:
        np.save(file, np.ones((2, 2)))
    with pytest.raises(InputError):
        load_dataset(path)


def test_no_damaged_byte_ends_in_anything_but_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez_compressed(path, x=samples.normal(3, 2), y=[0, 1, 0])
    data = path.read_bytes()
    surprises = {}
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            load_dataset(path)
        except InputError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever else comes out is the finding
            surprises[type(error).__name__] = place
    assert surprises == {}


# Tables


def test_a_table_is_read_with_its_texts_as_categories(tmp_path: Path) -> None:
    data = load_dataset(written(tmp_path / "d.csv"))
    assert data.columns == (Column("age"), Column("city", ("Bonn", "Ulm")))
    assert data.rows.tolist() == [[31, 1], [45, 0]]
    assert data.labels.tolist() == ["no", "yes"]


def test_parquet_columns_of_every_kind_are_read(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    columns = {
        "count": pa.array([1, 2], pa.int8()),
        "share": pa.array([0.5, 1.5]),
        "flag": [True, False],
        "city": pa.array(["Ulm", "Bonn"]).dictionary_encode(),
        "code": pa.array(["b", None]),
        "label": [1, 0],
    }
    pq.write_table(pa.table(columns), path)
    data = load_dataset(path)
    assert data.rows.tolist() == [[1, 0.5, 1, 1, 1], [2, 1.5, 0, 0, 0]]
    assert [column.categories for column in data.columns[3:]] == [("Bonn", "Ulm"), ("", "b")]
    assert data.labels.tolist() == ["1", "0"]


def test_the_label_column_is_the_named_one(tmp_path: Path) -> None:
    data = load_dataset(written(tmp_path / "d.csv"), label="city")
    assert data.labels.tolist() == ["Ulm", "Bonn"]
    assert [column.name for column in data.columns] == ["age", "sick"]
    with pytest.raises(InputError, match="no column 'town'") as caught:
        load_dataset(tmp_path / "d.csv", label="town")
    assert "age, city, sick" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,sick\n31,no\n,yes\n", "'age' has missing values"),
        ("age,sick\n31,no\nnan,yes\n", "'age' has missing values"),
        ("age,sick\n31,0\n45,\n", "label|sick"),
        ("sick\n1\n", "no column besides"),
        ("age,sick\n", "holds no rows"),
        ("age,sick\n1,2,3\n", "cannot be read as a table"),
        ("", "cannot be read as a table"),
        ("age,age,sick\n1,2,no\n", "age"),
    ],
    ids="gap nan no-label label-only no-rows ragged nothing twice".split(),
)
def test_a_table_with_gaps_or_of_another_form_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_dataset(written(tmp_path / "d.csv", text))


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a table"):
        load_dataset(written(tmp_path / "d.parquet", "PAR1 no"))


# Two data sets of one kind


def test_a_second_table_takes_the_codes_of_the_first(tmp_path: Path) -> None:
    first = load_dataset(written(tmp_path / "a.csv"))
    second = written(tmp_path / "b.csv", "age,city,sick\n50,Ulm,no\n")
    assert load_dataset(second, like=first).rows.tolist() == [[50, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,city,sick\n1,Kiel,no\n", "never seen before: .'Kiel'"),
        ("age,town,sick\n1,Ulm,no\n", "columns differ"),
        ("city,age,sick\nUlm,1,no\n", "columns differ"),
        ("age,sick\n1,no\n", "columns differ"),
        ("age,city,sick\nold,Ulm,no\n", "is text here and numeric"),
    ],
)
def test_a_second_table_that_does_not_fit_the_first_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    first = load_dataset(written(tmp_path / "a.csv"))
    with pytest.raises(InputError, match=message):
        load_dataset(written(tmp_path / "b.csv", text), like=first)


def test_categories_that_look_like_numbers_keep_their_codes(tmp_path: Path) -> None:
    first = load_dataset(written(tmp_path / "a.csv", "room,sick\n7,no\n8,no\n8b,yes\n"))
    second = load_dataset(written(tmp_path / "b.csv", "room,sick\n8,no\n"), like=first)
    assert second.columns == first.columns
    assert second.rows.tolist() == [[1]]


def test_rows_of_another_shape_than_the_first_are_refused(tmp_path: Path) -> None:
    first = load_dataset(arrays(tmp_path / "a.npz", x=np.ones((2, 3)), y=[0, 1]))
    with pytest.raises(InputError, match=r"rows of shape \(2,\)"):
        load_dataset(arrays(tmp_path / "b.npz", x=np.ones((2, 2)), y=[0, 1]), like=first)


# Folders of images


def test_a_folder_per_class_gives_images_and_their_classes(tmp_path: Path) -> None:
    grey = np.arange(0, 240, 20, np.uint8).reshape(3, 4)
    picture(tmp_path / "cat" / "1.png", grey)
    picture(tmp_path / "dog" / "2.png", 255 - grey)
    (tmp_path / "dog" / "notes.txt").write_text("not an image")
    data = load_dataset(tmp_path)
    assert data.labels.tolist() == ["cat", "dog"]
    assert data.rows == pytest.approx(np.stack([grey, 255 - grey])[:, None] / 255)


def test_colours_come_first_in_an_images_shape(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3), np.uint8)
    data = load_dataset(picture(tmp_path / "cat" / "1.png", pixels).parent.parent)
    assert data.rows[0] == pytest.approx(pixels.transpose(2, 0, 1) / 255)


def test_sixteen_bit_images_are_not_cut_off_at_eight(tmp_path: Path) -> None:
    picture(tmp_path / "cat" / "1.png", np.array([[0, 16384, 65535]], np.uint16))
    try:
        rows = load_dataset(tmp_path).rows
    except InputError:
        return  # refusing them would be honest too
    assert rows[0, 0] == pytest.approx(np.array([[0, 0.25, 1]]), abs=0.01)


def test_images_of_two_sizes_no_images_and_broken_images_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "cat" / "1.png", np.zeros((2, 2), np.uint8))
    other = picture(tmp_path / "cat" / "2.png", np.zeros((2, 3), np.uint8))
    with pytest.raises(InputError, match="differ in size"):
        load_dataset(tmp_path)
    other.write_bytes(other.read_bytes()[:40])
    with pytest.raises(InputError, match=r"2\.png: not an image"):
        load_dataset(tmp_path)
    with pytest.raises(InputError, match="no images in folders"):
        load_dataset(tmp_path / "cat")


# Files


def test_the_subject_is_the_file_or_folder_by_its_digest(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "cat" / "1.png", np.zeros((2, 2), np.uint8))
    heard: list[int] = []
    for path in (written(tmp_path / "d.csv"), tmp_path / "images"):
        subject = load_dataset(path, progress=heard.append).subject
        assert (subject.kind, subject.name) == ("dataset", path.name)
        assert subject.digest == digest_artifact(open_artifact(path)).digest
    assert heard[0] == len(CSV)


def test_rows_are_those_whose_digest_is_recorded(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv")
    hashed = digest_artifact(open_artifact(path)).digest
    with contextlib.suppress(EvidenceError):  # the file is replaced right after it was hashed
        data = load_dataset(path, progress=lambda _: written(path, CSV.replace("31", "99")))
        assert (data.subject.digest, data.rows[0, 0]) == (hashed, 31)


@pytest.mark.parametrize("name", ["d.pkl", "d.npy", "d"])
def test_other_formats_are_refused_with_those_that_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not a data set this version reads") as caught:
        load_dataset(written(tmp_path / name))
    assert ".parquet" in caught.value.hint
    with pytest.raises(InputError, match="no such file"):
        load_dataset(tmp_path / "missing.csv")


def test_texts_are_read_with_their_labels_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path / "sms.csv", "id,say,kind\n1,Hello  there,ham\n2,WIN,spam\n")
    data = load_texts(path, text="say")
    assert (data.rows.tolist(), data.labels.tolist()) == (
        ["Hello  there", "WIN"],
        ["ham", "spam"],
    )
    assert (data.kind, len(data), data.columns) == ("text", 2, ())
    assert data.take(np.array([1])).rows.tolist() == ["WIN"]
    assert data.subject.digest == digest_artifact(open_artifact(path)).digest


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("say,kind\nHello,ham\n", {"text": "said"}, "no column 'said'"),
        ("say,kind\nHello,ham\n", {"text": "say", "label": "class"}, "no column 'class'"),
        ("say\nHello\n", {"text": "say"}, "no column ''"),
        ("say,kind\n", {"text": "say"}, "no rows"),
    ],
)
def test_texts_that_are_no_data_set_are_refused(
    tmp_path: Path, text: str, options: dict[str, str], says: str
) -> None:
    path = written(tmp_path / "t.csv", text)
    with pytest.raises(InputError, match=says):
        load_texts(path, **options)


def test_texts_are_read_from_one_json_object_a_line(tmp_path: Path) -> None:
    lines = '{"say": "Hello, \\"you\\"", "kind": "ham"}\n{"say": "WIN\\nnow", "kind": "spam"}\n'
    data = load_texts(written(tmp_path / "t.jsonl", lines), text="say")
    assert data.rows.tolist() == ['Hello, "you"', "WIN\nnow"]
    assert data.labels.tolist() == ["ham", "spam"]
    for broken, says in (
        ('{"say": "Hello", "kind": "ham"}\n{"say": "WIN"}\n', "missing values"),
        ('{"say": "Hello", "kind"', "cannot be read as a table"),
        ("", "cannot be read as a table"),
    ):
        with pytest.raises(InputError, match=says):
            load_texts(written(tmp_path / "broken.jsonl", broken), text="say")
    with pytest.raises(InputError, match=r"\.csv and \.jsonl"):
        load_texts(written(tmp_path / "t.txt", "Hello"), text="say")
