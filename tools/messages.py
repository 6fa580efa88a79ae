"""Compare the texts in the code with the Chinese catalogue. `make messages` prints what is missing, to be filled in.

`python -m tools.messages FILE.po ...` adds the filled-in entries of those files to the catalogue; what is there stays.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "cim" / "locale" / "zh.po"
POSITIONS = {
    "_": 0,
    "N_": 0,
    "CimError": 0,
    "NotFound": 0,
    "Denied": 0,
    "SessionEnded": 0,
    "Conflict": 0,
    "PossibleDuplicate": 0,
    "Bad": 0,
    "Reason": 0,
    "fail": 2,
    "Invalid": 1,
}
"""Which argument of a call is a text for people, by the name called."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True)
class Message:
    """A text found in the code and the place of its first use."""

    msgid: str
    place: str


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Yield every Python file whose texts a user may see: cim/, pages/ and Home.py."""
    yield from sorted([*(root / "cim").rglob("*.py"), *(root / "pages").rglob("*.py"), *root.glob("Home.py")])


def extract(source: str, name: str) -> tuple[list[Message], list[str]]:
    """Return the texts marked in one file and complaints about texts that cannot be looked up (f-strings)."""
    found, complaints = [], []
    for node in ast.walk(ast.parse(source, name)):
        text = _text_argument(node)
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            found.append(Message(text.value, f"{name}:{text.lineno}"))
        elif isinstance(text, ast.JoinedStr | ast.BinOp):
            complaints.append(
                f"{name}:{text.lineno}: a composed text has no translation; write one with {{name}} placeholders"
            )
    return found, complaints


def _text_argument(node: ast.AST) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    position = POSITIONS.get(called)
    if position is None:
        return None
    named = next((keyword.value for keyword in node.keywords if keyword.arg == "msgid"), None)
    return named or (node.args[position] if len(node.args) > position else None)


def extract_all(root: Path = ROOT) -> tuple[dict[str, str], list[str]]:
    """Return every text of the code with the place of its first use, and all complaints."""
    messages: dict[str, str] = {}
    complaints: list[str] = []
    for path in sources(root):
        found, wrong = extract(path.read_text("utf-8"), str(path.relative_to(root)))
        complaints += wrong
        for message in found:
            messages.setdefault(message.msgid, message.place)
    return messages, complaints


def catalogue(path: Path = CATALOGUE) -> dict[str, str]:
    """Return the usable entries of a catalogue, English to Chinese; fuzzy and empty ones are left out.

    Raises babel's PoFileError for a file that is not well formed, and ValueError for an entry that is there twice.
    """
    text = path.read_text("utf-8")
    with path.open("rb") as file:
        entries = read_po(file, locale="zh_Hans_CN", charset="utf-8", abort_invalid=True)
    if twice := _twice(text):
        raise ValueError(f"{path.name}: entries that are there twice: {', '.join(twice)}")
    return {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string and not entry.fuzzy}


def _twice(text: str) -> list[str]:
    lines = re.findall(r"^msgid (.+)$", text, re.MULTILINE)
    return sorted({line for line in lines if line != '""' and lines.count(line) > 1})


def differences(messages: dict[str, str], translations: dict[str, str]) -> dict[str, list[str]]:
    """Return what is wrong between code and catalogue, by kind: missing, placeholders, leftover, not english."""
    missing = [f"{place}: {msgid!r}" for msgid, place in messages.items() if msgid not in translations]
    unequal = [
        f"{messages.get(msgid, CATALOGUE.name)}: {msgid!r} -> {chinese!r}"
        for msgid, chinese in translations.items()
        if set(PLACEHOLDER.findall(msgid)) != set(PLACEHOLDER.findall(chinese))
        or PLACEHOLDER.sub("", msgid + chinese).count("{")
    ]
    leftover = [repr(msgid) for msgid in translations if msgid not in messages]
    foreign = [
        f"{place}: {msgid!r}" for msgid, place in messages.items() if CHINESE.search(msgid) and not LATIN.search(msgid)
    ]
    return {"missing": missing, "placeholders": unequal, "leftover": leftover, "not english": foreign}


def entry(msgid: str, chinese: str, place: str = "") -> str:
    """Return one entry as a catalogue has it, followed by an empty line."""
    comment = f"#: {place}\n" if place else ""
    return f"{comment}msgid {_quoted(msgid)}\nmsgstr {_quoted(chinese)}\n\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def merge(paths: list[Path], into: Path = CATALOGUE) -> int:
    """Add the entries of other catalogues that `into` lacks, and return how many they were. The first file wins."""
    known = catalogue(into)
    added: dict[str, str] = {}
    for path in paths:
        for msgid, chinese in catalogue(path).items():
            if msgid not in known:
                added.setdefault(msgid, chinese)
    text = into.read_text("utf-8").rstrip("\n") + "\n\n"
    into.write_text((text + "".join(entry(*pair) for pair in added.items())).rstrip("\n") + "\n", "utf-8")
    return len(added)


def main(paths: list[str]) -> int:
    """Add the files named, then print missing entries to stdout and other findings to stderr; 1 if there are any."""
    if paths:
        print(f"added: {merge([Path(path) for path in paths])}", file=sys.stderr)
    messages, complaints = extract_all()
    translations = catalogue()
    for msgid, place in messages.items():
        if msgid not in translations:
            print(entry(msgid, "", place), end="")
    found = differences(messages, translations)
    for kind, lines in {"composed": complaints, **found}.items():
        print(f"{kind}: {len(lines)}", file=sys.stderr)
        for line in lines if kind != "missing" else []:
            print(f"  {line}", file=sys.stderr)
    return 1 if complaints or any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
