"""XML: what rules ask about is kept, entities are refused, nothing is fetched."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.xml_text import XmlDocument, looks_like, read
from samples import VALID, budget, mutants, prefixes


def document_of(text: str | bytes) -> XmlDocument:
    reading = Reading()
    _read(text, reading)
    assert isinstance(reading.document, XmlDocument)
    return reading.document


def _read(text: str | bytes, reading: Reading) -> None:
    read(MemorySource(text if isinstance(text, bytes) else text.encode()), budget(), reading)


def test_elements_that_matter_are_kept_with_line_attributes_and_text() -> None:
    document = document_of('<?xml version="1.0"?>\n<PMML>\n<Node id="1"/>\n'
                           '<Extension name="x">a&amp;b</Extension></PMML>')  # fmt: skip
    (element,) = document.elements
    assert (document.root, element.name, element.line) == ("PMML", "Extension", 4)
    assert (element.attributes, element.text) == ({"name": "x"}, "a&b")


def test_a_forest_of_ordinary_elements_is_let_go() -> None:
    nodes = (
        '<Node id="1" score="0.5"><SimplePredicate field="a.b" value="0.1"/></Node>' * 20_000
    )
    assert document_of(f"<PMML>{nodes}</PMML>").elements == []


@pytest.mark.parametrize(
    ("doctype", "sentence"),
    [
        ('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "fetched from 'file:///etc/passwd'"),
        ('[<!ENTITY x PUBLIC "p" "http://h/x">]', "fetched from 'http://h/x'"),
        ('[<!ENTITY % x SYSTEM "http://h/x.dtd"> %x;]', "fetched from 'http://h/x.dtd'"),
        ('[<!ENTITY a "ha"><!ENTITY b "&a;&a;">]', "'b' expands to others"),
        ('[<!ENTITY % a "ha">]', "'a' expands to others"),
    ],
)
def test_entities_stop_the_reader_and_are_noted(doctype: str, sentence: str) -> None:
    reading = Reading()
    with pytest.raises(MalformedArtifactError, match="entities are not expanded"):
        _read(f'<?xml version="1.0"?><!DOCTYPE a {doctype}><a>&x;</a>', reading)
    assert isinstance(reading.document, XmlDocument)
    ((_, found),) = reading.document.entities
    assert sentence in found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_another_encoding_hides_nothing(encoding: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///x">]><a/>'
    reading = Reading()
    data = text.encode(encoding)
    assert sniff(MemorySource(data))[0] == "xml"
    with pytest.raises(MalformedArtifactError):
        _read(data, reading)
    assert isinstance(reading.document, XmlDocument)
    assert len(reading.document.entities) == 1


def test_a_document_type_from_elsewhere_is_noted_and_well_known_ones_are_not() -> None:
    assert len(document_of('<!DOCTYPE a SYSTEM "http://h/a.dtd"><a/>').entities) == 1
    known = (
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
        '"http://www.apple.com/DTDs/PropertyList-1.0.dtd"><plist/>'
    )
    assert document_of(known).entities == []
    old = '<!DOCTYPE PMML PUBLIC "PMML 2.0" "http://www.dmg.org/v2-0/pmml_v2_0.dtd"><PMML/>'
    assert document_of(old).entities == []
    hidden = '<!DOCTYPE a PUBLIC "-//A//B" "file:///etc/passwd"><a/>'
    assert len(document_of(hidden).entities) == 1


@pytest.mark.parametrize("encoding", ["gb2312", "euc-jp", "shift_jis", "iso-8859-1", "cp1251"])
def test_encodings_that_expat_leaves_to_others_are_read(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><a><Extension>x</Extension></a>"
    (element,) = document_of(text.encode(encoding)).elements
    assert element.text == "x"


def test_a_plain_entity_is_harmless() -> None:
    assert document_of('<!DOCTYPE a [<!ENTITY n "http://x">]><a>&n;</a>').entities == []


def test_entities_that_multiply_cost_nothing() -> None:
    many = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 30))
    start = time.process_time()
    with pytest.raises(MalformedArtifactError):
        document_of(f'<!DOCTYPE a [<!ENTITY e0 "x">{many}]><a>&e29;</a>')
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


def test_nesting_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="deeper than 512"):
        document_of("<a>" * 10_000)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a b=c/>",
            "<a>&nope;</a>",
            "<?xml?><a/>",
            "<a/>x",
        ),
        *(
            '<?xml version="1.0" encoding="hex"?><a/>',
            '<?xml version="1.0" encoding="utf-7"?><a/>',
        ),
    ],
)
def test_what_is_no_xml_is_malformed(text: str) -> None:
    with pytest.raises(MalformedArtifactError, match="not valid XML"):
        document_of(text)


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><a/>',
        '\n <PMML version="4.4">',
        '<net name="m" version="11">',
        '<!DOCTYPE foo [<!ENTITY x "y">]><foo/>',
        '\ufeff<?xml version="1.0"?>',
    ],
)
def test_xml_looks_like_xml(text: str) -> None:
    assert looks_like(MemorySource(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p align='center'>",
        "<!DOCTYPE html><html>",
        "<html>",
        "<div>\n# Title",
        "<s>",
        "a<b",
    ],
)
def test_pages_and_tags_do_not(text: str) -> None:
    assert not looks_like(MemorySource(text.encode()))


@pytest.mark.parametrize(
    ("places", "lies"),
    [
        ([(0, 8), (8, 4000), (4008, 4)], 0),
        ([(0, 8), (0, 8)], 0),
        ([(99_999_999_999, 8)], 1),
        ([(0, 8), (1 << 40, 8)], 1),
    ],
)
def test_constants_far_behind_the_weights_are_a_lie(
    places: list[tuple[int, int]], lies: int
) -> None:
    data = "".join(f'<data offset="{at}" size="{size}"/>' for at, size in places)
    reading = Reading()
    _read(f'<net name="m">{data}<data offset="x" size="9"/></net>', reading)
    assert len(reading.lies) == lies


def test_every_prefix_is_malformed() -> None:
    for text in prefixes(VALID["xml"].rstrip()):
        with pytest.raises(MalformedArtifactError):
            document_of(text)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=100)
    | mutants("xml")
    | st.text(alphabet="<>/!?[]&;#%\"'= aDOCTYPEN-x", max_size=80).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        _read(data, Reading())
    except ModelkeepError:
        return


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0" encoding="%(encoding)s"?>\n<html></html>',
        '<?xml version="1.0"?>\n<a>{% if x %}<b>{{ y }}{% endif %}</a>',
    ],
)
def test_a_text_that_is_yet_to_be_filled_in_is_no_damage(text: str) -> None:
    assert isinstance(document_of(text), XmlDocument)


def test_what_stands_before_a_placeholder_stays() -> None:
    doctype = '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    reading = Reading()
    with contextlib.suppress(MalformedArtifactError):
        _read(f'<?xml version="1.0"?>{doctype}<PMML><a>{{{{ x }}}}</PMML>', reading)
    assert isinstance(reading.document, XmlDocument)
    assert reading.document.entities


def test_a_placeholder_far_from_the_error_excuses_nothing() -> None:
    with pytest.raises(MalformedArtifactError):
        document_of("<PMML><!-- {{ x }} -->" + "<b></b>" * 100 + "<a></PMML>")
