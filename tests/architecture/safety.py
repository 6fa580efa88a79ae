"""Rules that keep data safe: one place that commits, no text that becomes code, no shared caches."""

import ast

from tests.architecture.source import Code

SQL_TEXT = {
    "cim/migrations/": "migrations speak the database's own language",
    "cim/db.py": "pragmas and the schema's status have no expression",
    "cim/service/search": "full-text operators have no expression",
    "cim/service/index.py": "the gram index is written in bulk, in each database's own way",
    "cim/models/": "conditions of partial indexes, which a database wants as constants",
    "cim/work.py": "PostgreSQL's locks and sequences have no expression",
    "cim/audit.py": "PostgreSQL's locks have no expression",
}
"""Where SQL may be written as text, each with its reason. A path that ends in no slash is a beginning."""

SQL_COMPOSED = ("cim/migrations/", "cim/db.py", "cim/service/search", "cim/models/base.py")
"""Where that text may be put together; names of columns and tables only, values are always bound."""

CACHES: dict[str, str] = {}
"""Files that may use Streamlit's caches, each with the reason why no visitor sees another's rows through it."""

ENVIRONMENT = {
    "cim/config.py": "the settings",
    "cim/clock.py": "CIM_NOW is read at every call, so tests may move it",
    "cim/tabular/workbook.py": "hands PATH, and nothing of ours, to the reader it starts",
}
"""Files that may read the environment, each with what they read."""


def one_file_commits(code: Code) -> list[str]:
    """Transactions begin and end in cim/work.py (decision 0001); migrations and the engine may begin their own."""
    complaints = []
    for file in code.product:
        if file.path == "cim/work.py":
            continue
        words = {"commit", "rollback"} | (
            set() if file.path.startswith(("cim/db.py", "cim/migrations/")) else {"begin", "begin_nested"}
        )
        complaints += [
            file.at(node, f".{node.attr} outside cim/work.py")
            for node in file.nodes
            if isinstance(node, ast.Attribute) and node.attr in words
        ]
    return complaints


def sql_text_is_rare(code: Code) -> list[str]:
    """SQL as text, where a value could slip in, is for a few listed files, and is a plain constant in most of them."""
    complaints = []
    for file in code.product:
        listed, composed = file.path.startswith(tuple(SQL_TEXT)), file.path.startswith(SQL_COMPOSED)
        names = {
            used.name
            for used in file.imports
            if used.package in {"sqlalchemy", "sqlmodel"} and used.name in {"text", "literal_column", "TextClause"}
        }
        for node in file.nodes:
            if not isinstance(node, ast.Call):
                continue
            said = ast.unparse(node.func)
            if not (said in names | {"sa.text", "sqlalchemy.text"} or said.endswith(".exec_driver_sql")):
                continue
            if not listed:
                complaints.append(file.at(node, f"{said}: SQL as text is for {', '.join(SQL_TEXT)}"))
            elif not composed and not all(isinstance(argument, ast.Constant) for argument in node.args):
                complaints.append(file.at(node, f"{said}: SQL is put together only in {', '.join(SQL_COMPOSED)}"))
    return complaints


def nothing_is_evaluated(code: Code) -> list[str]:
    """No text becomes code or markup: eval, exec, shell commands, raw HTML, pickles."""
    complaints = []
    for file in code.product:
        for node in file.nodes:
            if isinstance(node, ast.keyword) and node.arg in {"unsafe_allow_html", "unsafe_allow_javascript", "shell"}:
                if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                    complaints.append(file.at(node.value, f"{node.arg} lets text become code"))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"eval", "exec", "__import__", "os.system"}:
                complaints.append(file.at(node, f"{ast.unparse(node.func)} lets text become code"))
            elif isinstance(node, ast.Attribute) and (
                ast.unparse(node) == "st.html" or node.attr in {"read_pickle", "to_pickle"}
            ):
                complaints.append(file.at(node, f"{ast.unparse(node)} lets text become code"))
    return complaints


def caches_are_listed(code: Code) -> list[str]:
    """Streamlit's caches are shared by all visitors: each use is listed with the reason why it is safe."""
    return [
        file.at(
            node,
            f"{node.attr} is shared by all visitors; list the file with its reason in tests/architecture/safety.py",
        )
        for file in code.product
        if file.path not in CACHES
        for node in file.nodes
        if isinstance(node, ast.Attribute) and node.attr in {"cache_data", "cache_resource"}
    ]


def one_clock(code: Code) -> list[str]:
    """The current time comes from cim/clock.py, which tests and CIM_NOW can stop."""
    banned = {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "datetime.date.today",
    }
    return [
        file.at(node, f"{ast.unparse(node)}; use cim.clock")
        for file in code.product
        if file.path != "cim/clock.py"
        for node in file.nodes
        if isinstance(node, ast.Attribute) and ast.unparse(node) in banned
    ]


def one_reader_of_the_environment(code: Code) -> list[str]:
    """Settings are read in cim/config.py, so that one page can list them all."""
    return [
        file.at(node, f"{ast.unparse(node)}; add it to cim.config.Settings")
        for file in code.product
        if file.path not in ENVIRONMENT
        for node in file.nodes
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    ]
