"""The table of predicates: schemas hold for every statement, facts only of the table."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from evidence_samples import DAY, NOON, SHAPES, model, noon, statement
from modelkeep.core import EvidenceError
from modelkeep.evidence import (
    MODEL_SIGNATURE,
    TABLE,
    by_key,
    by_uri,
    make_statement,
    parse_timestamp,
    schema,
)

RECORDED = [row.key for row in TABLE if row.shape is not None]
each_kind = pytest.mark.parametrize("kind", RECORDED)
FACTS = [(row.key, name, kind) for row in TABLE for name, kind in row.facts.items()]
each_fact = pytest.mark.parametrize(("key", "name", "kind"), FACTS)


def validator(kind: str) -> jsonschema.Draft202012Validator:
    document = schema(kind)
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def plain(kind: str) -> dict[str, Any]:
    """The predicate as it comes out of the signed bytes."""
    predicate = json.loads(statement(kind).to_bytes())["predicate"]
    assert isinstance(predicate, dict)
    return predicate


def test_samples_cover_every_recorded_predicate() -> None:
    assert sorted(SHAPES) == sorted(RECORDED)


@each_kind
def test_every_statement_made_validates_against_its_published_schema(kind: str) -> None:
    validator(kind).validate(plain(kind))


@each_kind
def test_schema_refuses_a_predicate_without_any_of_its_fields(kind: str) -> None:
    whole = plain(kind)
    for name in ("issued", "expires", *SHAPES[kind]):
        without = {key: value for key, value in whole.items() if key != name}
        assert not validator(kind).is_valid(without), name
        with pytest.raises(EvidenceError, match=name):
            statement(kind, fields={name: None})


@each_kind
def test_schema_and_statement_refuse_a_fact_that_is_not_in_the_table(kind: str) -> None:
    foreign = {"facts": {"admin": 1}}
    assert not validator(kind).is_valid(plain(kind) | foreign)
    with pytest.raises(EvidenceError, match="may not assert admin=1"):
        statement(kind, fields=foreign, admin=1)


@each_fact
def test_schema_and_statement_refuse_a_fact_of_another_type(
    key: str, name: str, kind: type
) -> None:
    good: int = True if kind is bool else 1
    assert statement(key, **{name: good}).facts() == {name: good}
    for wrong in (int(good) if kind is bool else True, 1.5, "1", None):
        facts = {"facts": {name: wrong}}
        assert not validator(key).is_valid(plain(key) | facts), wrong
        with pytest.raises(EvidenceError):
            statement(key, **{name: wrong})


@each_kind
def test_statement_expires_after_the_lifetime_in_the_table(kind: str) -> None:
    made = statement(kind)
    assert made.issued == NOON
    assert made.expires == NOON + by_key(kind).lifetime_days * DAY
    assert parse_timestamp(plain(kind)["expires"]) == made.expires


def test_field_that_the_predicate_does_not_have_is_not_dropped_in_silence() -> None:
    with pytest.raises(EvidenceError, match="filez"):
        statement("scan", fields={"filez": []})


def test_every_uri_and_key_is_unique_versioned_and_found() -> None:
    assert len({row.uri for row in TABLE}) == len({row.key for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert by_key(row.key) is row
        assert by_uri(row.uri) is row
        assert row.uri.split(":")[-1] == "1" or "/v" in row.uri
    assert by_uri("https://example.org/foreign/v1") is None


def test_facts_have_one_home_each() -> None:
    names = [name for _, name, _ in FACTS]
    assert len(names) == len(set(names))


def test_unknown_predicate_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EvidenceError) as caught:
        by_key("scam")
    assert "scan" in caught.value.hint


def test_model_signature_has_no_schema_here_and_is_not_recorded() -> None:
    with pytest.raises(EvidenceError, match=MODEL_SIGNATURE):
        schema("model-signature")
    with pytest.raises(EvidenceError, match="not recorded"):
        make_statement("model-signature", (model(),), {}, clock=noon)
