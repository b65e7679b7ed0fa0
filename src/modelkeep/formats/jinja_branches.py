"""What a template writes only when it finds certain words in the conversation."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from modelkeep.formats.jinja_scope import Branch


def branches_of(tree: nodes.Template) -> Iterator[Branch]:
    """The conditions of a template that look into content, with what their branch writes."""
    for node in _inside(tree):
        if not isinstance(node, nodes.If):
            continue
        words = tuple(_words(node.test))
        if words:
            yield Branch(node.lineno, words, " ".join(_texts(node)))


def _words(test: nodes.Node) -> Iterator[str]:
    """Texts that a test looks for in content."""
    asked = [test, *_inside(test)]
    if not any(map(_names_content, asked)):
        return
    for node in asked:
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            yield node.value


def _inside(root: nodes.Node) -> Iterator[nodes.Node]:
    """Every node below one; the library's own walk recurses."""
    waiting = [root]
    while waiting:
        children = list(waiting.pop().iter_child_nodes())
        yield from children
        waiting += reversed(children)


def _names_content(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return node.attr == "content"
    return (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and node.arg.value == "content"
    )


def _texts(node: nodes.If) -> Iterator[str]:
    """Text that the branch writes; nested conditions are judged by themselves."""
    waiting: list[nodes.Node] = [*node.body]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, nodes.TemplateData):
            yield inner.data
        elif isinstance(inner, nodes.Const):
            if isinstance(inner.value, str):
                yield inner.value
        elif not isinstance(inner, nodes.If):
            waiting += inner.iter_child_nodes()
