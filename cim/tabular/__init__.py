"""Untrusted tables in, safe tables out: CSV, TSV, TXT, XLSX and XLS as rows of text, each oddity named by its place."""

from cim.tabular.decode import CHOICES
from cim.tabular.reading import preview, read
from cim.tabular.table import Limits, Preview, Problem, Row, Table
from cim.tabular.text import DELIMITERS
from cim.tabular.writing import write_csv, write_xlsx

__all__ = [
    "CHOICES",
    "DELIMITERS",
    "Limits",
    "Preview",
    "Problem",
    "Row",
    "Table",
    "preview",
    "read",
    "write_csv",
    "write_xlsx",
]
