"""Completion: does the model finish a canary by itself, from what stands before the secret?

Character by character the likeliest of the form's alphabet is taken. The alphabet is a help
to the attacker that a form such as "four digits" gives anyway.

Source: Carlini et al., USENIX Security 2021 (extraction by greedy decoding).
"""

from __future__ import annotations

from modelkeep.assess.memorisation.form import Form
from modelkeep.assess.memorisation.scoring import LogLikelihood, score_texts


def complete(model: LogLikelihood, form: Form) -> str:
    """The secret the model gives; ties go to the earlier character of the alphabet.

    Raises:
        InputError: the model does not answer log-likelihoods.
    """
    secret = ""
    for _ in range(form.length):
        texts = [f"{form.beginning}{secret}{character}" for character in form.alphabet]
        secret += form.alphabet[int(score_texts(model, texts).argmax())]
    return secret
