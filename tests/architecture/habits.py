"""Rules that keep the code readable and its tests honest."""

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.source import Code

CAPS = {"pages/": 100, "cim/models/": 200, "cim/ui/": 200}
ANY_OTHER_FILE = 400
FUNCTION = 40
GENERATED = "cim/migrations/versions/"


def sizes(code: Code) -> list[str]:
    """Page 100 lines, model and ui file 200, any other file 400, function 40 (its docstring not counted)."""
    complaints = []
    for file in code.files.values():
        if file.path.startswith(GENERATED):
            continue
        cap = next((cap for place, cap in CAPS.items() if file.path.startswith(place)), ANY_OTHER_FILE)
        if (lines := file.source.count("\n")) > cap:
            complaints.append(f"{file.path}:1: {lines} lines, at most {cap}")
        complaints += [
            file.at(node, f"{node.name} has {_length(node)} lines, at most {FUNCTION}")
            for node in file.nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION
        ]
    return complaints


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return whole
    first = function.body[0]
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def pages_open_with_the_gate(code: Code) -> list[str]:
    """A page begins, after docstring and imports, with `me = shell.open_page(...)`: on a cold server it runs alone."""
    complaints = []
    for file in code.within("pages/"):
        body = [node for node in file.tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        body = body[1:] if ast.get_docstring(file.tree) is not None else body
        first = body[0] if body else None
        call = first.value if isinstance(first, ast.Assign | ast.AnnAssign) else None
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "shell.open_page"):
            complaints.append(file.at(first or file.tree, "does not begin with `... = shell.open_page(...)`"))
    return complaints


def names_say_what_is_inside(code: Code) -> list[str]:
    """No file or folder is called utils, helpers, manager or handler: such names collect what has no place."""
    words = re.compile(r"(^|_)(utils?|helpers?|managers?|handlers?)(_|$)")
    return [
        f"{path}:1: a name that says nothing"
        for path in code.files
        if any(words.search(p.removesuffix(".py")) for p in PurePosixPath(path).parts)
    ]


def nothing_is_left_for_later(code: Code) -> list[str]:
    """Unfinished work is finished or filed, not marked in a comment."""
    mark = re.compile(r"#[^\"']*\b(TODO|FIXME|XXX|HACK)\b")
    return [
        f"{file.path}:{number}: {found[1]}"
        for file in code.files.values()
        for number, line in enumerate(file.source.splitlines(), 1)
        if (found := mark.search(line))
    ]


def files_say_what_they_are(code: Code) -> list[str]:
    """Every file that holds anything begins with a docstring."""
    return [
        f"{file.path}:1: no docstring"
        for file in code.files.values()
        if file.tree.body and ast.get_docstring(file.tree) is None
    ]


def tests_are_honest(code: Code) -> list[str]:
    """Tests neither skip, sleep, nor replace our code by mocks. The browser's server is awaited in tests/e2e."""
    banned = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"}
    complaints = []
    for file in code.within("tests/"):
        words = banned if file.path.startswith("tests/e2e/") else banned | {"time.sleep", "mock.patch"}
        complaints += [
            file.at(node, ast.unparse(node))
            for node in file.nodes
            if isinstance(node, ast.Attribute) and ast.unparse(node) in words
        ]
        complaints += [file.at(used, used.dotted) for used in file.imports if "unittest.mock" in used.dotted]
    return complaints
