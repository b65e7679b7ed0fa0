"""The live half of a check: data sets, the loaded model, the assessments.

Imported only when there is something to assess, because it needs the optional
``assess`` extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from modelkeep.assess import (
    Assessment,
    BudgetName,
    Constraints,
    Context,
    Recipe,
    assess_model,
    attacks,
    built_in,
    from_user,
    parse_threat,
    read_constraints,
)
from modelkeep.core import Subject
from modelkeep.core.settings import Settings
from modelkeep.models import (
    Code,
    Dataset,
    Model,
    Request,
    code_subject,
    load_dataset,
    load_model,
    resolve,
)
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import Examined
from modelkeep.pipeline.inputs import Inputs
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Assessed:
    """What assessing gave.

    Attributes:
        assessment: numbers, facts and risks.
        materials: data sets and code used, by digest.
        notes: what a reader should know.
    """

    assessment: Assessment
    materials: tuple[Subject, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded model with everything an assessment may use.

    Attributes:
        context: model, data, recipe and settings.
        materials: data sets and code used, by digest.
        notes: what a reader should know.
    """

    context: Context
    materials: tuple[Subject, ...]
    notes: tuple[str, ...]


def assess_artifact(examined: Examined, inputs: Inputs, workspace: Workspace) -> Assessed:
    """Load the model and run every assessment that applies.

    Raises:
        AccessRefusedError: roles were given, and none lets who runs this measure it.
        InputError: data, code or model cannot be used.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: a library is not installed.
    """
    opened = open_model(examined, inputs, workspace)
    listener = workspace.listener
    listener.progress("assessing", 0.0)
    assessment = assess_model(
        opened.context, attacks(), on_attack=lambda attack: listener.progress(attack.name, 0.0)
    )
    return Assessed(assessment, opened.materials, opened.notes)


def open_model(
    examined: Examined, inputs: Inputs, workspace: Workspace, action: str = "query"
) -> Opened:
    """Load a model that was scanned, and the data it is to be measured with.

    Args:
        examined: the model as it was scanned.
        inputs: data and code.
        workspace: the open keep.
        action: what is done with the model, as access control calls it.

    Raises:
        AccessRefusedError: roles were given, and none lets who runs this do it.
        InputError: data, code or model cannot be used.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: a library is not installed.
    """
    settings, listener = workspace.settings, workspace.listener
    require_access(workspace, action, examined.subject)
    listener.progress("reading data", 0.0)
    label = settings.text("label")
    train = load_dataset(inputs.data, label=label) if inputs.data is not None else None
    test = (
        load_dataset(inputs.test, label=label, like=train) if inputs.test is not None else None
    )
    for data in (train, test):
        if data is not None:
            require_access(workspace, "read_data", data.subject)
    if train is not None:
        train = train.together_with(test)
    if test is not None:
        test = test.together_with(train)
    code = code_of(inputs)
    listener.progress("loading the model", 0.0)
    loaded = load_model(Request(examined.artifact, examined.manifest, examined.formats(), code))

    def classes() -> tuple[str, ...]:
        return loaded.model.classes

    recipe = (
        from_user(code.train, resolve(code.train, code.folder))
        if code is not None and code.train
        else built_in(classes)
    )
    context = _context(loaded.model, train, test, recipe, settings, listener)
    trained = (code_subject(code.folder),) if code is not None and code.train else ()
    materials = tuple(data.subject for data in (train, test) if data is not None)
    materials += loaded.code or trained
    return Opened(context, materials, loaded.notes)


def _context(
    model: Model,
    train: Dataset | None,
    test: Dataset | None,
    recipe: Recipe,
    settings: Settings,
    listener: Listener,
) -> Context:
    budget = next(name for name in get_args(BudgetName) if name == settings.text("budget"))
    threat = settings.text("threat")
    return Context(
        model=model,
        train=train,
        test=test,
        recipe=recipe,
        epsilon_linf=settings.number("epsilon_linf"),
        budget=budget,
        max_rows=settings.integer("max_rows"),
        seed=settings.integer("seed"),
        group=settings.text("group"),
        progress=lambda share, what: listener.progress(what, share),
        given_threat=parse_threat(threat) if threat else None,
        constraints=_constraints(settings.text("constraints"), train or test),
    )


def _constraints(path: str, data: Dataset | None) -> Constraints | None:
    """The rules of a constraint file, ``None`` if none was named."""
    if not path:
        return None
    columns = data.columns if data is not None else ()
    return read_constraints(Path(path), tuple(column.name for column in columns))


def code_of(inputs: Inputs) -> Code | None:
    """The user's own code, if any is named."""
    code = Code(inputs.code or Path.cwd(), inputs.factory, inputs.train, inputs.preprocess)
    return code or None
