"""Comments under a record: read them, write one, correct or remove one's own."""

from __future__ import annotations

import streamlit as st

from cim import service
from cim.config import settings
from cim.i18n import _, format_datetime
from cim.models.comment import CommentView
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe, safe_lines
from cim.work import Actor


def show(me: Actor, noun: str, record_id: int, *, key: str = "") -> None:
    """Draw the comments on a record (`noun` is one of service.comments.SUBJECTS) and the field for another one."""
    if me.can(Permission.CUSTOMER_READ):
        _thread(noun, record_id, key or f"comments.{noun}.{record_id}")


def lines(found: list[CommentView]) -> list[str]:
    """Comments as lines of Markdown, for lists that show them below their record."""
    return [_line(comment) for comment in found]


@st.fragment
@gate.guarded(Permission.CUSTOMER_READ)
def _thread(me: Actor, noun: str, record_id: int, key: str) -> None:
    """A fragment: writing one redraws the comments alone."""
    found = feedback.attempt(service.comments.of, me, noun, [record_id])
    if found is None:
        return
    mine = found.get(record_id, [])
    st.markdown(f"**{_('Comments')}**" + (f" ({len(mine)})" if mine else ""))
    if mine:
        st.markdown("\n\n".join(lines(mine)))
    if me.can(Permission.ACTIVITY_WRITE):
        _write(me, noun, record_id, key)
    elif not mine:
        st.caption(_("Nobody has written a comment."))
    own = [comment for comment in mine if comment.may_edit or comment.may_remove]
    if own:
        _correct(me, own, key)


def _write(me: Actor, noun: str, record_id: int, key: str) -> None:
    token = state.token(key)
    with st.form(f"{key}.form", border=False):
        label, hint = _("Write a comment"), _("Colleagues who see this record read it; the person responsible is told.")
        text = st.text_area(label, key=f"{key}.text.{token}", height=68, max_chars=2000, placeholder=hint)
        pressed = st.form_submit_button(_("Comment"), key=f"{key}.save.{token}", icon=":material/add_comment:")
    if not pressed:
        return
    feedback.attempt(service.comments.add, me, noun, record_id, text or "", token=token)
    if feedback.succeeded():
        state.spend(key)
        st.rerun()


def _correct(me: Actor, own: list[CommentView], key: str) -> None:
    box = st.popover(
        _("Correct a comment"), icon=":material/edit:", type="tertiary", key=f"{key}.edit", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        known = {comment.id: comment for comment in own}
        chosen = st.selectbox(
            _("Comment"),
            list(known),
            format_func=lambda i: f"{known[i].author} · {known[i].text[:30]}" if i in known else str(i),
            key=f"{key}.chosen",
        )
        if chosen not in known:
            return
        comment = known[chosen]
        held = f"{key}.{comment.id}.{comment.version}"
        text = st.text_area(_("Text"), comment.text, key=f"{held}.text", max_chars=2000, disabled=not comment.may_edit)
        with st.container(horizontal=True):
            if comment.may_edit and st.button(_("Save"), key=f"{held}.save", type="primary"):
                feedback.attempt(service.comments.update, me, comment.id, text or "", version=comment.version)
                if feedback.succeeded():
                    st.rerun()
            remove = {"key": f"{held}.remove", "icon": ":material/delete:"}
            st.button(_("Remove"), on_click=_remove, args=(comment.id, comment.version), **remove)  # type: ignore[arg-type]


@gate.guarded(Permission.ACTIVITY_WRITE)
def _remove(me: Actor, comment_id: int, version: int) -> None:
    feedback.attempt(service.comments.remove, me, comment_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("The comment was removed."))


def _line(comment: CommentView) -> str:
    when = format_datetime(comment.at, settings().zone)
    facts = [f"**{safe(comment.author or _('System'))}**", f":gray[:small[{safe(when)}]]"]
    if comment.edited:
        facts.append(f":gray[:small[{_('edited')}]]")
    if not comment.internal:
        facts.append(f":blue-badge[{_('The customer may see this')}]")
    return f"> {' · '.join(facts)}  \n> " + safe_lines(comment.text).replace("\n", "\n> ")
