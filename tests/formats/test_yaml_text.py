"""YAML as events: nothing is constructed, nothing multiplies, nothing is overlooked."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.tree import Tree
from modelkeep.formats.yaml_text import looks_like, read
from samples import VALID, bomb, budget, mutants, prefixes, scan_bytes

PYTHON = "tag:yaml.org,2002:python"


def reading_of(data: bytes) -> Reading:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    return reading


def tree_of(text: str | bytes) -> Tree:
    reading = Reading()
    raw = text if isinstance(text, bytes) else text.encode()
    read(MemorySource(raw), budget(), reading)
    assert isinstance(reading.document, Tree)
    return reading.document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 2.5, null]\n", {"a": 1, "b": ["x", 2.5, None]}),
        ("- a\n- b: true\n", ["a", {"b": True}]),
        ("a: '1'\nb: !!str 2\nc: 0777\n", {"a": "1", "b": "2", "c": "0777"}),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
        ("---\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: ~\nb:\n", {"a": None, "b": None}),
        ("", []),
    ],
)
def test_the_tree_is_what_the_text_says(text: str, value: object) -> None:
    assert tree_of(text).value == value


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ('!!python/object/apply:os.system ["true"]', f"{PYTHON}/object/apply:os.system"),
        ("a: !!python/name:os.system", f"{PYTHON}/name:os.system"),
        (f"a: !<{PYTHON}/module:os> x", f"{PYTHON}/module:os"),
        (f"%TAG !p! {PYTHON}/\n---\na: !p!name:os.system x", f"{PYTHON}/name:os.system"),
        ("a: !!python/object%2Fnew:os.system []", f"{PYTHON}/object/new:os.system"),
        ("? !!python/name:os.system\n: 1", f"{PYTHON}/name:os.system"),
        ("a: [{b: !!python/name:os.system }]", f"{PYTHON}/name:os.system"),
        ("a: &x !!python/name:os.system\nb: *x", f"{PYTHON}/name:os.system"),
    ],
)
def test_every_tag_is_noted_however_it_is_written(text: str, tag: str) -> None:
    assert [found for _, found in tree_of(text).tags] == [tag]


def test_a_tag_has_its_line() -> None:
    assert tree_of("a: 1\nb: !x y\n").tags == [(2, "!x")]


def test_what_was_reached_before_an_error_stays() -> None:
    reading = Reading()
    text = b"a: !!python/name:os.system x\nb: [\n"
    with pytest.raises(MalformedArtifactError, match="not valid YAML"):
        read(MemorySource(text), budget(), reading)
    assert isinstance(reading.document, Tree)
    assert reading.document.tags == [(1, f"{PYTHON}/name:os.system")]
    assert reading.document.value == {"a": "x", "b": []}


def test_aliases_of_texts_are_followed() -> None:
    tree = tree_of("x: &n os.system\n_target_: *n\n")
    assert tree.value == {"x": "os.system", "_target_": "os.system"}


def test_aliases_of_lists_and_maps_do_not_multiply() -> None:
    lines = ["a0: &a0 [x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)
    ]
    start = time.process_time()
    assert sum(1 for _ in tree_of("\n".join(lines)).walk()) < 1000
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


def test_merged_maps_are_read_where_they_are_defined() -> None:
    tree = tree_of("a: &a {_target_: x.y}\nb:\n  <<: *a\n  c: 1\n")
    assert tree.value == {"a": {"_target_": "x.y"}, "b": {"<<": None, "c": 1}}


def test_a_list_as_a_key_is_kept() -> None:
    values = [value for _, value in tree_of("? [a, {_target_: x.y}]\n: z\n").walk()]
    assert {"_target_": "x.y"} in values
    assert "z" in values


def test_a_key_given_twice_keeps_both_values_and_is_no_lie() -> None:
    reading = Reading()
    read(MemorySource(b"a: x\na: y\n"), budget(), reading)
    assert reading.document == Tree({"a": "y"}, hidden=[("a", "x")])
    assert reading.lies == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_are_read(encoding: str) -> None:
    assert tree_of("a: é\n".encode(encoding)).value == {"a": "é"}


@pytest.mark.parametrize(
    "text",
    [
        *("a: [", "a: b: c", "\t- a", "a: *nowhere]", '"\\UFFFFFFFF"', "a: \x01", "&a &b c"),
        *("%YAML " + "9" * 5000 + ".1\n---\na", "- a\nb: c", "{a: 1", "!<x y"),
    ],
)
def test_what_no_parser_accepts_is_malformed(text: str) -> None:
    with pytest.raises(MalformedArtifactError, match="not valid YAML"):
        tree_of(text)


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "{a: " * 5000, "? " * 3000])
def test_nesting_is_a_limit(text: str) -> None:
    with pytest.raises((LimitExceededError, MalformedArtifactError)):
        tree_of(text)


def test_a_long_document_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="bytes"):
        tree_of(b"a: 1\n" * 2_000_000)


def test_json_with_tabs_is_no_broken_yaml(tmp_path: Path) -> None:
    text = b'{\n\t"a": [1]\n}\n'
    assert scan_bytes(tmp_path, text, name="a.yml").verdict is Verdict.PASS


PAGE = "---\nlicense: mit\ntags: [a, b]\n---\n# Model\n\nText: with `a: b: c` | and *more*\n"


def test_the_front_matter_of_a_page_is_read_and_its_body_is_not(tmp_path: Path) -> None:
    front = ((0,), {"license": "mit", "tags": ["a", "b"]})
    assert front in list(tree_of(PAGE).walk())
    assert scan_bytes(tmp_path, PAGE.encode(), name="README.md").verdict is Verdict.PASS


def test_a_page_whose_front_matter_is_broken_is_still_a_page(tmp_path: Path) -> None:
    page = b"---\nname: a: b\n---\n# Model\n\nText.\n"
    assert scan_bytes(tmp_path, page, name="README.md").verdict is Verdict.PASS


def test_a_broken_second_document_is_no_page(tmp_path: Path) -> None:
    text = b"---\na: 1\n---\nb: !!python/name:os.system x\nc: [\n"
    assert scan_bytes(tmp_path, text, name="c.yaml").verdict is not Verdict.PASS


@pytest.mark.parametrize(
    "text",
    [
        *("a: 1\nb:\n  - x\n", "%YAML 1.1\n---\na: 1\n", "---\n- a\n", "- a\n- b\n"),
        *("# note\nmodel:\n  _target_: a.b\n", '!!python/object/apply:os.system ["true"]\n'),
        *("artifact_path: model\nflavors:\n  python_function:\n    env: conda.yaml\n", PAGE),
    ],
)
def test_yaml_looks_like_yaml(text: str) -> None:
    assert looks_like(MemorySource(text.encode()))
    assert sniff(MemorySource(text.encode()))[0] == "yaml"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "# Model card\n\nSome prose.\n",
            "Note: this is prose.\nIt goes on.\n",
            "1.2.3\n",
        ),
        *("a,b\n1,2\n3,4\n", "import os\n\ndef f():\n    try:\n        pass\n", "hello"),
        *(
            "- a list\n- of prose\n\nand more\nand more\n",
            "http://x\nhttps://y\n",
            "a=1\nb=2\n",
        ),
        *('{"a": 1}', "key: value: other\nkey: [\n", "tree\nversion=v4\nnum_class=1\n"),
    ],
)
def test_other_texts_do_not(text: str) -> None:
    assert not looks_like(MemorySource(text.encode()))


@pytest.mark.parametrize(
    "text", ["{m: {_target_: a.b}}", "m: {'_target_': a.b}\n", "x: y z\n\n  class_path: a.B\n"]
)
def test_a_single_line_that_builds_something_is_read(text: str) -> None:
    assert looks_like(MemorySource(text.encode())) is (text[0] != "x")


def test_a_long_text_is_judged_by_its_beginning() -> None:
    talk = b"User: hello\nBot: hi: there\n" * 20_000
    assert not looks_like(MemorySource(talk))
    open_at_the_cut = b"k: v\n" * 20_000 + b"l: [\n" + b"  x,\n" * 20_000 + b"]\n"
    assert looks_like(MemorySource(open_at_the_cut))
    assert looks_like(MemorySource(b"k: v\n" * 100_000))


def test_no_other_sample_looks_like_yaml() -> None:
    others = {name: data for name, data in VALID.items() if not name.startswith("yaml")}
    assert [name for name, data in others.items() if looks_like(MemorySource(data))] == []


def test_a_text_named_yaml_that_is_none_is_not_clean(tmp_path: Path) -> None:
    assert scan_bytes(tmp_path, b"a: b: c\n", name="a.yaml").verdict is Verdict.INCONCLUSIVE
    assert scan_bytes(tmp_path, b"a: b: c\n", name="a.txt").verdict is Verdict.SKIPPED


def test_packed_texts_become_parts() -> None:
    reading = Reading()
    packed = base64.b64encode(bomb()).decode()
    read(MemorySource(f"a: {packed}\n".encode()), budget(), reading)
    assert [p.open().read(0, 999) for p in reading.parts] == [bomb()]


def test_every_prefix_is_read_or_refused() -> None:
    for text in prefixes(VALID["yaml"]):
        _read_or_refuse(text)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=100)
    | mutants("yaml")
    | st.text(alphabet="-:?&*!|>%[]{}#'\"\\x0 \n\t,U~", max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


def _read_or_refuse(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return


def test_a_download_that_is_python_is_handed_out_as_such() -> None:
    text = b"path: coco\ndownload: |\n  import os\n  os.system('true')\nnames: [a]\n"
    assert [found.member for found in reading_of(text).parts] == ["download.py"]
    assert reading_of(b"path: coco\ndownload: coco.zip\nnames: [a, b]\n").parts == []
