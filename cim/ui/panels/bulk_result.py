"""What a bulk action did: how many, who was left out and why, and the way back."""

from __future__ import annotations

import streamlit as st

from cim import service, words
from cim.i18n import _, format_number
from cim.models.listing import BulkResult, Skipped
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.panels import undo_button
from cim.ui.text import safe
from cim.work import Actor

SHOWN = 50


def keep(result: BulkResult, of: str = "search") -> None:
    """Remember a result of the list `of` for the next run, and untick the rows."""
    lines = [_line(each) for each in result.skipped[:SHOWN]]
    st.session_state[state.LIST_RESULT] = (result.done, lines, len(result.skipped), result.change_set, of)
    st.session_state[state.LIST_ROUND] = st.session_state.get(state.LIST_ROUND, 0) + 1
    st.session_state.pop(state.LIST_ALL, None)


def show(me: Actor, of: str = "search") -> None:
    """The last result of the list `of`, until it is closed."""
    held = st.session_state.get(state.LIST_RESULT)
    if held is None or held[4] != of:
        return
    done, lines, skipped, change_set, _of = held
    said = _("{done} done, {skipped} skipped", done=format_number(done), skipped=format_number(skipped))
    with st.container(border=True, key=f"{of}.result"):
        with st.container(horizontal=True, vertical_alignment="center"):
            icon = ":green[:material/check_circle:]" if done else ":orange[:material/info:]"
            st.markdown(f"{icon} **{said}**", width="content")
            if change_set is not None and me.can(Permission.CUSTOMER_WRITE):
                undo = {"key": f"{of}.undo.{change_set}", "on_click": _undo, "args": (change_set,)}
                st.button(_("Undo"), icon=":material/undo:", **undo)  # type: ignore[arg-type]
            st.button(_("Close"), icon=":material/close:", key=f"{of}.result.close", type="tertiary", on_click=_close)
        if lines:
            rest = [_("… and {count} more", count=skipped - len(lines))] if skipped > len(lines) else []
            with st.expander(_("Skipped, and why"), expanded=skipped <= 5):
                st.markdown("\n".join(f"- {line}" for line in [*lines, *rest]))


def _line(each: Skipped) -> str:
    where = f" · {safe(words.field(each.field))}" if each.field else ""
    return f"{safe(each.name) or '—'}{where}: {safe(_(each.msgid, **each.params))}"


@gate.guarded(Permission.CUSTOMER_WRITE)
def _undo(me: Actor, change_set: int) -> None:
    back = feedback.attempt(service.undo.change_set, me, change_set)
    if back is not None:
        _close()
        feedback.flash(undo_button.sentence(back), kind="warning" if back.kept or back.failed else "success")


def _close() -> None:
    st.session_state.pop(state.LIST_RESULT, None)
