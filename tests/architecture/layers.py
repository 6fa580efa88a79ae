"""Which module may import which."""

import ast

from tests.architecture.source import Code

SIDE = -1
FLOORS = {
    "Home": 6,
    "pages": 6,
    "cim.ui": 5,
    "cim.service": 4,
    "cim.work": 3,
    "cim.db": 2,
    "cim.access": 2,
    "cim.audit": 2,
    "cim.crypto": 2,
    "cim.checkpoint": 2,
    "cim.history": 2,
    "cim.schema": 2,
    "cim.backup": 2,
    "cim.durable": 0,
    "cim.backup_postgres": 2,
    "cim.backup_files": 2,
    "cim.file_store": 2,
    "cim.migrations": 2,
    "cim.models": 1,
    **dict.fromkeys(("cim.config", "cim.clock", "cim.errors", "cim.permissions", "cim.i18n"), 0),
    **dict.fromkeys(("cim.normalize", "cim.matching", "cim.search_text", "cim.divisions", "cim.tabular"), 0),
    "cim.file_types": 0,
    "cim.anniversaries": 0,
    **dict.fromkeys(("cim.working_time", "cim.holidays"), 0),
    **dict.fromkeys(("cim.analytics", "cim.locale", "cim.labels", "cim.words", "cim.passwords"), 0),
    **dict.fromkeys(("cim.__main__", "cim.cli", "cim.server", "cim.demo"), SIDE),
    "cim.downloads": SIDE,
    "cim.public_forms": SIDE,
    "cim.scheduler": SIDE,
    "cim.feeds": SIDE,
}
SIDE_MAY_USE = 4
PAGES_MAY_USE = ("cim.service", "cim.ui", "cim.i18n", "cim.permissions", "cim.errors", "cim.clock", "cim.models")
HEAVY = {"plotly", "sklearn", "statsmodels", "scipy", "openpyxl", "xlsxwriter"}
"""Packages that the sign-in page must not pay for."""

ONLY_IN = {
    "streamlit": ("Home.py", "pages/", "cim/ui/", "cim/server.py", "cim/downloads.py"),
    "cryptography": ("cim/crypto.py",),
    "streamlit_authenticator": ("cim/ui/sign_in.py", "cim/ui/authenticator.py"),
    "sqlite3": ("cim/db.py", "cim/backup.py", "cim/migrations/"),
    "random": ("cim/demo.py", "cim/demo/"),
    **dict.fromkeys(("pickle", "marshal", "shelve", "dill", "joblib"), ()),
}


def floor_of(module: str) -> int | None:
    """The floor of a module by its longest listed beginning; None for one that has none."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((FLOORS[name] for name in names if name in FLOORS), None)


def floors(code: Code) -> list[str]:
    """A module imports only from its own floor and lower ones."""
    complaints = []
    for file in code.product:
        here = floor_of(file.module)
        if here is None:
            complaints += (
                [f"{file.path}:1: has no floor; give it one in tests/architecture/layers.py"]
                if file.module != "cim"
                else []
            )
            continue
        for used in file.imports:
            target = code.target(used)
            there = floor_of(target)
            if there is None or (target.split(".")[0] == "pages" and here == there and file.module == target):
                continue
            if not _may_use(file.module, here, target, there):
                complaints.append(file.at(used, f"imports {target} (floor {there}) from floor {here}"))
    return complaints


def _may_use(module: str, here: int, target: str, there: int) -> bool:
    if there == SIDE:
        return here == SIDE or (module == "Home" and target == "cim.server")
    if here == SIDE:
        return there <= SIDE_MAY_USE
    if module == "cim.crypto":
        return there == 0
    if here == 6 and there == 6:
        return False
    return there <= here


def pages_use(code: Code) -> list[str]:
    """Pages use the service, the interface, texts, permissions and errors; nothing beneath them."""
    return [
        file.at(used, f"a page does not use {code.target(used)}; ask cim.service")
        for file in code.within("pages/")
        for used in file.imports
        if used.package == "cim" and not f"{code.target(used)}.".startswith(tuple(f"{name}." for name in PAGES_MAY_USE))
    ]


def no_table_above_the_service(code: Code) -> list[str]:
    """Home, pages and cim/ui take Drafts, Views and enums from the models, and no session, query or table."""
    shareable = _shareable(code)
    complaints = []
    for file in code.within("Home.py", "pages/", "cim/ui/"):
        for used in file.imports:
            if f"{used.module}.".startswith("cim.models.") or used.dotted == "cim.models":
                if used.name not in shareable:
                    complaints.append(file.at(used, f"{used.dotted} is neither a Draft, a View nor an enum"))
            elif floor_of(code.target(used)) in {2, 3} and used.dotted != "cim.work.Actor":
                complaints.append(file.at(used, f"{used.dotted} is the service's business"))
    return complaints


def _shareable(code: Code) -> set[str]:
    """Enums, and classes that descend from Draft or View."""
    classes = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for file in code.within("cim/models", "cim/permissions")
        for node in file.nodes
        if isinstance(node, ast.ClassDef)
    }
    found = {"Draft", "View", "Enum", "StrEnum", "IntEnum"}
    while more := {name for name, bases in classes.items() if bases & found} - found:
        found |= more
    return found


def no_cycles(code: Code) -> list[str]:
    """No module imports itself through others; services not even from inside a function."""
    edges = {
        file.module: {
            code.target(used) for used in file.imports if not used.lazy or file.module.startswith("cim.service.")
        }
        for file in code.product
    }
    complaints = []
    for start in edges:
        path = _way_back(start, edges)
        if path and start == min(path):
            complaints.append(f"{code.modules[start].path}:1: imports itself: {' -> '.join([*path, start])}")
    return complaints


def _way_back(start: str, edges: dict[str, set[str]]) -> list[str]:
    paths, seen = [[start]], {start}
    while paths:
        path = paths.pop()
        for target in sorted(edges.get(path[-1], set()) & edges.keys()):
            if target == start:
                return path
            if target not in seen:
                seen.add(target)
                paths.append([*path, target])
    return []


def sign_in_is_light(code: Code) -> list[str]:
    """Nothing that Home.py, the shell or a service imports at its top brings in a heavy package, however indirectly."""
    complaints, seen = [], set()
    waiting = [
        file
        for file in code.product
        if file.path in {"Home.py", "cim/ui/shell.py"} or file.path.startswith("cim/service/")
    ]
    for file in waiting:
        for used in file.imports:
            if used.package == "pandas" and not used.lazy:
                complaints.append(file.at(used, "imports pandas at its top; import it where it is used"))
    while waiting:
        file = waiting.pop()
        if file.module in seen:
            continue
        seen.add(file.module)
        top = [used for used in file.imports if not used.lazy]
        complaints += [
            file.at(used, f"the sign-in page pays for {used.package} here") for used in top if used.package in HEAVY
        ]
        waiting += [code.modules[name] for used in top if (name := code.target(used)) in code.modules]
    return complaints


def packages_stay_in_place(code: Code) -> list[str]:
    """Some packages are used in one place only, and some nowhere."""
    return [
        file.at(used, f"{used.package} belongs in {' or '.join(ONLY_IN[used.package]) or 'no file of this project'}")
        for file in code.product
        for used in file.imports
        if used.package in ONLY_IN and not (ONLY_IN[used.package] and file.path.startswith(ONLY_IN[used.package]))
    ]
