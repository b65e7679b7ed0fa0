"""Memorisation of models of texts: planted secrets, completions, and who was trained on.

``check`` loads no model of sequences, so this is a library: whoever holds such a model hands
over one function, the log-likelihood of texts, and the secrets they planted.

    from modelkeep.assess.memorisation import Form, Planted, measure_memorisation

    form = Form("the code is {}", "0123456789", 4)
    secrets = form.draw(4, seed=0)
    # train on the texts, each of form.text(secret) among them sixteen times, then:
    for found in measure_memorisation(log_likelihood, [Planted(form, secrets, 16)]):
        print(found.name, found.value, found.note)
"""

from modelkeep.assess.memorisation.completion import complete
from modelkeep.assess.memorisation.exposure import (
    CHANCE_BITS,
    chance_of,
    exposures,
    ranks,
)
from modelkeep.assess.memorisation.form import Form
from modelkeep.assess.memorisation.measuring import (
    Planted,
    measure_memorisation,
    measure_text_membership,
)
from modelkeep.assess.memorisation.scoring import LogLikelihood, score_texts

__all__ = [
    "CHANCE_BITS",
    "Form",
    "LogLikelihood",
    "Planted",
    "chance_of",
    "complete",
    "exposures",
    "measure_memorisation",
    "measure_text_membership",
    "ranks",
    "score_texts",
]
