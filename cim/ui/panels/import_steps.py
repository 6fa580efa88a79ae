"""The steps of the import page: where one is, and the way forth and back. The address holds step and file, so a reload
loses nothing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim.i18n import N_, _
from cim.permissions import Permission
from cim.service import import_desk
from cim.ui import feedback, gate
from cim.work import Actor

FILE, COLUMNS, CHECK, IMPORT = "file", "columns", "check", "import"
TITLES = {FILE: N_("File"), COLUMNS: N_("Match columns"), CHECK: N_("Check"), IMPORT: N_("Import")}


def here() -> tuple[str, str, int | None]:
    """Step, key of the file, and number of the import's job, as the address says."""
    asked = st.query_params
    step = asked.get("step", FILE)
    job = asked.get("job", "")
    return (step if step in TITLES else FILE), asked.get("file", "")[:40], int(job[:9]) if job[:9].isdecimal() else None


def go(step: str, *, key: str = "", job: int | None = None) -> None:
    """Make the address say this step. In a callback, or before a rerun."""
    wanted: dict[str, Any] = {"step": step, "file": key, "job": str(job) if job else ""}
    st.query_params.from_dict({name: value for name, value in wanted.items() if value})


def bar(step: str) -> None:
    """The four steps, and which of them this is."""
    names = list(TITLES)
    at = names.index(step)
    with st.container(horizontal=True, gap="small"):
        for place, name in enumerate(names):
            label = f"{place + 1} {_(TITLES[name])}"
            if place < at:
                st.badge(f":material/check: {label}", color="green", width="content")
            else:
                st.badge(label, color="blue" if place == at else "gray", width="content")


def forward(step: str, key: str, *, back: str = "", label: str = "") -> None:
    """The buttons under a step that needs no work of the server to leave it."""
    with st.container(horizontal=True):
        if back:
            back_to(back, key)
        st.button(
            label or _("Next"),
            key=f"imports.next.{step}",
            type="primary",
            icon=":material/arrow_forward:",
            on_click=go,
            args=(step,),
            kwargs={"key": key},
        )


def back_to(step: str, key: str) -> None:
    """The way back: nothing that was chosen is lost."""
    st.button(
        _("Back"),
        key=f"imports.back.{step}",
        icon=":material/arrow_back:",
        on_click=go,
        args=(step,),
        kwargs={"key": key},
    )


@gate.guarded(Permission.IMPORT)
def leave(me: Actor, key: str) -> None:
    """Take the file off the desk and begin anew."""
    feedback.attempt(import_desk.leave, me, key)
    st.query_params.clear()
    st.session_state.pop("imports.file", None)
