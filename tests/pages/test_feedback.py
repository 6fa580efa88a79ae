"""How refusals, incidents and user text reach the page."""

from __future__ import annotations

import logging

import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from cim.ui.text import safe, safe_lines

HOSTILE = [
    "![x](https://evil.example/a.png)",
    "[name](https://evil.example)",
    "<img src=x onerror=alert(1)>",
    "<!-- gone -->",
    "**bold** _it_ `code` ~~cut~~",
    "# heading",
    "1. one",
    "- item",
    "> quote",
    "| a | b |",
    "&lt;b&gt; &#33;",
    ":red[hidden] :material/home: $x^2$",
    "back\\slash",
    "李雷（华东）·某某有限公司",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_user_text_shows_as_it_is(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(safe(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    parts = tokens[1].children or []
    assert {part.type for part in parts} <= {"text", "text_special"}
    assert "".join(part.content for part in parts) == text
    for opener in (":", "[", "$"):
        assert all(before == "\\" for before, char in zip(" " + safe(text), safe(text), strict=False) if char == opener)


def test_lines_and_invisible_characters() -> None:
    assert safe(None) == ""
    assert safe("a\nb\u202ec\u200bd\x00") == "a bcd"
    assert safe_lines("# a\n# b") == "\\# a  \n\\# b"


def page() -> None:
    import streamlit as st

    from cim import errors
    from cim.ui import feedback

    def refuse(kind: str) -> int:
        if kind == "invalid":
            raise errors.Invalid("phone", "Use at least {count} characters.", count=3)
        if kind == "conflict":
            raise errors.Conflict("Somebody changed this record while you were editing it.")
        if kind == "denied":
            raise errors.Denied("Your role does not permit this.")
        if kind == "bug":
            raise RuntimeError("SECRET-DETAIL")
        return 7

    feedback.show_flashes()
    result = feedback.attempt(refuse, st.session_state["kind"])
    st.text(f"{result} {feedback.succeeded()} {sorted(feedback.field_errors())}")
    feedback.at_field("phone")


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("fine", "7 True []"),
        ("invalid", "None False ['phone']"),
        ("conflict", "None False ['']"),
        ("denied", "None False ['']"),
        ("bug", "None False ['']"),
    ],
)
def test_a_refusal_is_shown_and_never_raised(kind: str, outcome: str, caplog: pytest.LogCaptureFixture) -> None:
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["kind"] = kind
    with caplog.at_level(logging.ERROR):
        app.run()
    assert not app.exception
    assert app.text[0].value == outcome
    assert len(app.error) == (0 if kind == "fine" else 1)
    assert len(app.caption) == (1 if kind == "invalid" else 0)
    if kind == "bug":
        number = caplog.records[-1].getMessage().split()[1].rstrip(":")
        assert number.replace("-", "\\-") in app.error[0].value or number in app.error[0].value
        assert "SECRET" not in app.error[0].value
