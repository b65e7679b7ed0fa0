# ruff: noqa: E501  templates are written on one line
"""Jinja: templates are found, parsed and folded; none is rendered."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_templates import CHAIN, HIDDEN, HONEST
from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.jinja_text import Template, looks_like, read, template_parts
from modelkeep.formats.json_text import looks_like as looks_like_json
from samples import _EDIT, budget, damage, prefixes, read_streams


def template_of(text: str | bytes) -> Template:
    reading = Reading()
    data = text.encode() if isinstance(text, str) else text
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, Template)
    return reading.document


def kinds(text: str) -> set[str]:
    return {event.kind for event in template_of(text).events}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_template_reaches_nothing(name: str) -> None:
    assert template_of(HONEST[name]).events == ()


@pytest.mark.parametrize("text", HIDDEN)
def test_a_name_hidden_comes_to_light(text: str) -> None:
    assert kinds(text) & {"internal", "computed"}


@pytest.mark.parametrize("text", HIDDEN)
def test_it_does_so_within_an_honest_template(text: str) -> None:
    """Definitions, loops and branches around it change nothing."""
    whole = f"{HONEST['command r']}{{% for m in messages %}}{{% if m %}}{text}{{% endif %}}{{% endfor %}}"
    assert kinds(whole) & {"internal", "computed"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ x[name] }}{{ x['a' ~ name] }}{{ x[loop.index0 + 1] }}{{ x[-1] }}{{ x[:n] }}",
        "{{ x|attr('role') }}{{ x.classes }}{{ x['init'] }}{{ x.globals }}",
        "{{ '__tool__' in content }}{{ '<__call__>' }}{{ x.base_class }}",
        "{{ joiner(', ') }}{% set c = cycler('a', 'b') %}{{ c.next() }}{{ namespace(a=1).a }}",
        "{% set config = x %}{{ config.pad }}{{ request.text }}",
        "{{ 'Write class A with def __init__(self) and __import__ it' }}",
        "the words __class__ and __globals__ outside of tags",
        "{{ message.content.split('__')[0] ~ '_' }}{{ tools[key ~ '.name'] }}",
        "{% for i in range(1000) %}{% for j in range(100) %}{% endfor %}{% endfor %}{{ '-' * 80 }}",
        "{{ '%s: %d' % (a, b) }}{{ '{}'.format(a) }}{{ x|map('upper')|join }}{{ 10 ** 6 }}",
        "{% include 'part.jinja' %}{% import 'macros.j2' as m %}",
    ],
)
def test_ordinary_expressions_are_left_alone(text: str) -> None:
    assert template_of(text).events == ()


@pytest.mark.parametrize("text", CHAIN)
def test_a_chain_to_a_shell_is_seen_whole(text: str) -> None:
    found = kinds(text)
    assert "internal" in found
    assert found & {"sink", "runs"}


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{% set n = 99999 %}{% for i in range(n) %}{% for j in range(n) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 9 ** 999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ lipsum(n=1000000) }}",
        (
            "{% set ns = namespace(a='x') %}{% for i in range(40) %}{% set ns.a = ns.a ~ ns.a %}"
            "{% endfor %}"
        ),
        (
            "{% set ns = namespace(a='xx') %}{% for i in range(40) %}"
            "{% set ns.a = ns.a|replace('x', 'xx') %}{% endfor %}"
        ),
        "{% set a = [1] %}{% for i in range(40) %}{% do a.extend(a) %}{% endfor %}",
    ],
)
def test_what_would_take_all_memory_is_noted_and_not_computed(text: str) -> None:
    start = time.process_time()
    assert "huge" in kinds(text)
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@pytest.mark.parametrize(
    "text",
    [
        (
            "{% set ns = namespace(a=['x']) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}"
            "{% endfor %}{{ ns.a|string }}{{ ns.a == ns.a }}{{ ns.a|join }}{{ ns.a|sort }}"
        ),
        (
            "{% macro a() %}{{ b() }}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{{ a() }}"
            "{% endmacro %}{{ a() }}"
        ),
        (
            "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(9) %}{{ a ~ b }}"
            "{% endfor %}{% endfor %}{% endfor %}"
        ),
        "{{ " + "(" * 90 + "1" + ")" * 90 + " }}",
        "{{ x" + ".a" * 5000 + " }}",
        "{{ '" + "\\x5f" * 50_000 + "' }}",
        "{{" * 10_000,
        "{{ '__class__ " + "{.a[" * 100_000 + "' }}",
        "{% if x %}" * 500 + "{% endif %}" * 500,
        "{{ " + "9" * 5000 + " }}",
    ],
    ids=lambda text: text[:40],
)
def test_folding_is_bounded(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(ModelkeepError):
        template_of(text)
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


def test_what_was_found_before_a_limit_stays() -> None:
    reading = Reading()
    deep = "{{ x.__class__ }}{{ x" + ".a" * 900 + " }}"
    with pytest.raises(LimitExceededError):
        read(MemorySource(deep.encode()), budget(), reading)
    assert isinstance(reading.document, Template)
    assert [event.text for event in reading.document.events] == ["__class__"]


def test_a_template_too_long_is_a_limit() -> None:
    with pytest.raises(LimitExceededError):
        template_of("x" * (2 << 20))
    with pytest.raises(LimitExceededError):
        template_of("x" * (5 << 20))


@pytest.mark.parametrize(
    "text", ["{% if %}", "{{ x", "{% nope %}", "{{ {{ }}", "{{ .System }}"]
)
def test_what_is_no_template_is_malformed(text: str) -> None:
    with pytest.raises(MalformedArtifactError):
        template_of(text)


def members(value: object) -> list[str]:
    return [part.member for part in template_parts(value)]


def test_templates_are_found_under_their_keys_and_under_any() -> None:
    attack = "{{ x.__class__ }}"
    assert members({"chat_template": "{{ x }}"}) == ["chat_template"]
    assert members({"chat_template": [{"name": "a", "template": "{{ x }}"}]}) == [
        "chat_template[0].template"
    ]
    assert members({"chat_template": {"default": "{{ x }}"}}) == ["chat_template.default"]
    assert members({"a": [{"b": attack}]}) == ["a[0].b"]
    assert members([attack]) == ["[0]"]
    assert members({"prompt": "{% include x %}"}) == ["prompt"]


def test_strings_that_merely_hold_braces_are_no_templates() -> None:
    for text in (
        "{{ name }}",
        "{{ .System }} {{ .__x }}",
        "{{#if __x}}{{/if}}",
        "f'{{ {self.__class__} }}'",
        "{%",
        "chatml",
    ):
        assert members({"text": text}) == []
    notebook = {"cells": [{"source": ["{{ x.__class__ }}"]}], "nbformat": 4}
    assert members(notebook) == []


@pytest.mark.parametrize("name", HONEST)
def test_a_template_file_is_recognised_and_is_no_json(name: str) -> None:
    source = MemorySource(HONEST[name].encode())
    assert looks_like(source)
    assert not looks_like_json(source)
    assert sniff(source) == ("jinja",)


def test_other_texts_are_not() -> None:
    for data in (b'{"a": 1}', b"{{ .System }}", b"{{#if x}}", b"text {{ x }}", b"{", b"{%\0"):
        assert not looks_like(MemorySource(data))
    assert sniff(MemorySource(b"You are {{ x }}"), "chat_template.jinja") == ("jinja",)


def test_a_tokenizer_configuration_hands_out_its_templates() -> None:
    value = {"chat_template": [{"name": "default", "template": HONEST["qwen 3"]}]}
    for text in (json.dumps(value), json.dumps(value).replace("{%", "\\u007b\\u0025")):
        inner, outer = read_streams(text.encode(), name="tokenizer_config.json")
        assert (inner.format, inner.error, outer.format) == ("jinja", None, "json")
        assert inner.location.member == "chat_template.0.template"


def test_a_template_in_yaml_is_handed_out() -> None:
    text = "name: x\ninstruction_template: |-\n  {% set a = x.__class__ %}{{ a }}\n"
    inner, outer = read_streams(text.encode(), name="x.yaml")
    assert (inner.format, outer.format) == ("jinja", "yaml")
    assert inner.location.member == "instruction_template"


def test_the_first_of_two_equal_keys_is_read_too() -> None:
    text = '{"chat_template": "{{ a.role }}", "chat_template": "{{ b.role }}"}'
    assert [s.format for s in read_streams(text.encode())] == ["jinja", "jinja", "json"]


def test_any_beginning_is_read_or_refused() -> None:
    for data in prefixes(HONEST["mistral"].encode())[::7]:
        try:
            template_of(data)
        except MalformedArtifactError:
            continue


@given(
    st.text(max_size=80).map(lambda text: "{{ " + text + " }}").map(str.encode)
    | st.builds(
        damage,
        st.sampled_from([text.encode() for text in (*HONEST.values(), *HIDDEN)]),
        st.lists(_EDIT, min_size=1, max_size=4),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        template_of(data)
    except ModelkeepError:
        return
