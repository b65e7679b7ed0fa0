from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.memorisation import Form
from modelkeep.core import InputError


@given(st.sampled_from(["01", "abc", "0123456789"]), st.integers(1, 4), st.integers(0, 99))
def test_secrets_are_all_there_are_each_once_and_in_their_places(
    alphabet: str, length: int, seed: int
) -> None:
    form = Form("code {}.", alphabet, length)
    secrets = list(form.secrets())
    assert len(set(secrets)) == len(secrets) == form.size
    for secret in form.draw(min(5, form.size), seed=seed):
        assert secrets[form.place_of(secret)] == secret


def test_a_canary_is_the_template_with_its_secret() -> None:
    form = Form("my code is {} ok", "01", 3)
    assert form.text("010") == "my code is 010 ok"
    assert form.beginning == "my code is "


def test_draws_differ_by_seed_and_never_within_one() -> None:
    form = Form("{}", "0123456789", 4)
    drawn = form.draw(500, seed=1)
    assert len(set(drawn)) == 500
    assert drawn == form.draw(500, seed=1) != form.draw(500, seed=2)


@pytest.mark.parametrize(
    ("template", "alphabet", "length", "says", "hint"),
    [
        ("no place", "01", 3, "no single place", "Write {} once"),
        ("{} and {}", "01", 3, "no single place", "Write {} once"),
        ("{}", "0", 3, "leave no choice", "two or more characters"),
        ("{}", "00", 3, "leave no choice", "each once"),
        ("{}", "01", 0, "leave no choice", "length of 1 or more"),
        ("{}", "0123456789", 7, r"10\^7 secrets are too many", "shorter secret"),
    ],
)
def test_forms_that_cannot_be_enumerated_are_refused(
    template: str, alphabet: str, length: int, says: str, hint: str
) -> None:
    with pytest.raises(InputError, match=says) as error:
        Form(template, alphabet, length)
    assert hint in error.value.hint


@pytest.mark.parametrize("secret", ["12", "1234", "12x"])
def test_a_secret_of_another_form_is_named(secret: str) -> None:
    with pytest.raises(InputError, match=f"the secret '{secret}' is not of the form"):
        Form("{}", "0123456789", 3).place_of(secret)


@pytest.mark.parametrize("count", [0, 9])
def test_no_more_are_drawn_than_there_are(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} secrets of 8"):
        Form("{}", "01", 3).draw(count, seed=0)
