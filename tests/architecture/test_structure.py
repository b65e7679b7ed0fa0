"""The house rules that linters do not know: shapes, sizes, pages, plug-ins."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep import assess, report, trust
from modelkeep.core import Rule
from modelkeep.core.taxonomy import topic, topics
from modelkeep.data import poison
from modelkeep.evidence import TABLE
from modelkeep.pipeline import explain, pages
from modelkeep.pipeline.deployment import RULES as DEPLOYMENT_RULES
from modelkeep.scan import Detector, detectors
from modelkeep.trust.dependencies import DEPENDENCY_RULES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "modelkeep"
FILES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "base", "common", "enhanced", "smart"}
LONGEST = 350  # lines; 250 is the aim


def rules() -> Iterator[Rule]:
    yield from (detector.rule for detector in detectors())
    yield from trust.RULES
    yield from trust.CARD_RULES
    yield from DEPENDENCY_RULES
    yield from DEPLOYMENT_RULES


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.id)
def test_a_rule_has_an_id_a_name_a_remedy_and_a_place_in_the_taxonomy(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z]{3}\d{3}", rule.id)
    assert re.fullmatch(r"[a-z][a-z0-9-]+", rule.name)
    assert rule.summary.endswith(".")
    assert len(rule.remedy) > 10
    assert rule.topic in topics()
    assert all(re.fullmatch(r"CWE-\d+", tag) for tag in rule.tags)


def test_no_two_rules_or_assessments_share_an_id_or_a_name() -> None:
    found = [(rule.id, rule.name) for rule in rules()]
    found += [(attack.id, attack.name) for attack in assess.attacks()]
    assert len({identifier for identifier, _ in found}) == len(found)
    assert len({name for _, name in found}) == len(found)


@pytest.mark.parametrize("detector", detectors(), ids=lambda d: d.rule.id)
def test_a_rule_is_one_file_with_a_page_and_a_test_of_the_same_name(
    detector: Detector,
) -> None:
    module = sys.modules[detector.run.__module__]
    text = module.__doc__ or ""
    assert len(text.split("\n\n")) >= 4, "what it is, why it is dangerous, example, sources"
    for part in ("Before:", "After:", "Sources:"):
        assert f"\n{part} " in text, f"the docstring is the rule's page and has {part}"
    page = explain(detector.rule.id).text
    assert text.strip() in page
    assert detector.rule.remedy in page
    assert all(tag in page for tag in detector.rule.tags)
    assert topic(detector.rule.topic).title in page
    assert detector.formats
    if module.__name__.startswith("modelkeep.scan."):
        name = module.__name__.rsplit(".", 1)[-1]
        assert (ROOT / "tests" / "scan" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("attack", assess.attacks(), ids=lambda attack: attack.id)
def test_an_assessment_is_one_file_with_a_page_and_a_test_and_records_known_facts(
    attack: assess.Attack,
) -> None:
    module = sys.modules[attack.run.__module__]
    assert "Source" in (module.__doc__ or "")
    assert attack.topic in topics()
    assert attack.predicate in {row.key for row in TABLE}
    assert attack.facts(()) == {}
    assert list(attack.risks(())) == []
    if module.__name__.startswith("modelkeep.assess."):
        name = module.__name__.rsplit(".", 1)[-1]
        assert (ROOT / "tests" / "assess" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("detector", poison.detectors(), ids=lambda detector: detector.id)
def test_a_detector_of_poison_is_one_file_with_its_sources_and_a_test(
    detector: poison.Detector,
) -> None:
    module = sys.modules[detector.run.__module__]
    assert "\nSources: " in (module.__doc__ or "")
    assert re.fullmatch(r"POI\d{3}", detector.id)
    assert detector.family in poison.FAMILIES
    if module.__name__.startswith("modelkeep.data.poison."):
        name = module.__name__.rsplit(".", 1)[-1]
        assert (ROOT / "tests" / "data" / "poison" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("renderer", report.renderers(), ids=lambda renderer: renderer.name)
def test_a_renderer_is_one_file_with_a_test(renderer: report.Renderer) -> None:
    assert renderer.summary
    module = renderer.render.__module__
    if module.startswith("modelkeep.report."):
        name = module.rsplit(".", 1)[-1]
        assert (ROOT / "tests" / "report" / f"test_{name}.py").is_file()


def test_every_rule_and_assessment_has_its_page_in_the_documentation() -> None:
    names = {page.id for page in pages()}
    published = {path.stem for path in (ROOT / "docs" / "rules").glob("*.md")} - {"index"}
    assert published == names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_is_short_named_well_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert not FORBIDDEN_NAMES & set(path.stem.split("_"))
    assert ast.get_docstring(ast.parse(text)), "a module says what it is"


def test_only_the_edge_of_the_process_catches_everything() -> None:
    broad = [
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    ]
    assert set(broad) == {"cli/main.py", "models/confined_child.py", "scan/engine.py"}


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
    )


def _raises_again(node: ast.ExceptHandler) -> bool:
    return any(isinstance(child, ast.Raise) for child in ast.walk(node))


def test_loading_happens_in_one_room() -> None:
    calls = re.compile(
        r"(?<![.\w])(eval|exec|import_module|__import__|importlib\.import_module)\("
    )
    allowed = {
        "models/code.py",
        "models/extras.py",
        "__init__.py",
        "pipeline/__init__.py",
        "models/unpickler.py",
    }
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        if calls.search(path.read_text(encoding="utf-8"))
    }
    assert found <= allowed
