"""The source code as the rules see it: files, their syntax trees and imports."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One imported name: `from module import name`, or `import module` with an empty name."""

    module: str
    name: str
    line: int
    lazy: bool

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def package(self) -> str:
        return self.module.split(".")[0]


@dataclass
class File:
    """One source file with what the rules ask about it."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._imports(self.tree, lazy=False))

    def _imports(self, parent: ast.AST, *, lazy: bool) -> Iterator[Import]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.Import):
                yield from (Import(name.name, "", node.lineno, lazy) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self.module.split(".") if self.path.endswith("__init__.py") else self.module.split(".")[:-1]
                base = package[: len(package) - node.level + 1] if node.level else []
                origin = ".".join([*base, *([node.module] if node.module else [])])
                yield from (Import(origin, name.name, node.lineno, lazy) for name in node.names)
            elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
                inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from self._imports(node, lazy=lazy or inner)

    def at(self, node: ast.AST | Import, said: str) -> str:
        line = node.line if isinstance(node, Import) else getattr(node, "lineno", 1)
        return f"{self.path}:{line}: {said}"


@dataclass
class Code:
    """The files that the rules look at, by path from the project's folder."""

    files: dict[str, File] = field(default_factory=dict)

    @classmethod
    def of(cls, sources: dict[str, str]) -> "Code":
        return cls({path: File(path, source) for path, source in sources.items()})

    @classmethod
    def read(cls, root: Path = ROOT) -> "Code":
        paths = [
            *root.glob("Home.py"),
            *(p for top in ("cim", "pages", "tools", "tests", "bench") for p in (root / top).rglob("*.py")),
        ]
        return cls.of({path.relative_to(root).as_posix(): path.read_text("utf-8") for path in sorted(paths)})

    def within(self, *places: str) -> list[File]:
        return [file for path, file in self.files.items() if path.startswith(places)]

    @property
    def product(self) -> list[File]:
        return self.within("Home.py", "cim/", "pages/")

    @cached_property
    def modules(self) -> dict[str, File]:
        return {file.module: file for file in self.files.values()}

    def target(self, used: Import) -> str:
        """The module that an import reaches: `from cim.service import customers` may name a module or a function."""
        return used.dotted if used.dotted in self.modules or used.module == "cim" else used.module


Rule = Callable[[Code], list[str]]
