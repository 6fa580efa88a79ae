"""Undo: the button with its number and second confirmation, and the result in three buckets with the reasons."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cim import labels, service
from cim.i18n import N_, _, format_number
from cim.models.undo import Bucket, Undone, UndoneDetail
from cim.ui import feedback, state
from cim.work import Actor

SHOWN = 200
BUCKETS = {
    Bucket.UNDONE: N_("Undone"),
    Bucket.KEPT: N_("Kept, because changed since"),
    Bucket.FAILED: N_("Failed"),
}


def show(me: Actor, *, batch: int | None = None, change_set: int | None = None, count: int) -> None:
    """A button that takes an import (`batch`) or any change (`change_set`) back. `count` is the number of records it is
    about: more than one asks once more. The result stands below it until the next click."""
    name = f"undo.batch.{batch}" if batch is not None else f"undo.change.{change_set}"
    token = state.token(name)
    if count > 1:
        with st.popover(_("Undo"), icon=":material/undo:", key=f"{name}.ask"):
            st.markdown(_("Take {count} records back?", count=f"**{format_number(count)}**"))
            st.caption(_("What somebody changed since is kept and listed."))
            label = _("Undo {count} records", count=format_number(count))
            if st.button(label, key=f"{name}.run.{token}", type="primary"):
                run(me, batch=batch, change_set=change_set, token=token)
    elif st.button(_("Undo"), icon=":material/undo:", key=f"{name}.run.{token}"):
        run(me, batch=batch, change_set=change_set, token=token)


def run(me: Actor, *, batch: int | None = None, change_set: int | None = None, token: str | None = None) -> None:
    """Take it back now and show the result."""
    with st.spinner(_("Taking it back …")):
        if batch is not None:
            done = feedback.attempt(service.undo.batch, me, batch, token=token)
        else:
            done = feedback.attempt(service.undo.change_set, me, change_set or 0, token=token)
    if done is not None:
        state.spend(f"undo.batch.{batch}" if batch is not None else f"undo.change.{change_set}")
        result(done)


def result(done: Undone) -> None:
    """How many records were taken back, were kept, failed; and those that were not taken back, with the reason."""
    counts = {bucket: getattr(done, bucket.value) for bucket in Bucket}
    with st.container(horizontal=True, gap="medium"):
        for bucket, count in counts.items():
            st.metric(_(BUCKETS[bucket]), format_number(count), width="content")
    if not done.undone:
        st.info(_("Nothing was changed."))
    odd = [detail for detail in done.details if detail.bucket is not Bucket.UNDONE]
    if odd:
        _table(odd, counts[Bucket.KEPT] + counts[Bucket.FAILED], key="undo.odd")
    fine = [detail for detail in done.details if detail.bucket is Bucket.UNDONE]
    if fine:
        with st.expander(_("What was taken back")):
            _table(fine, counts[Bucket.UNDONE], key="undo.fine")


def sentence(done: Undone) -> str:
    """The result in one line."""
    if not done.kept and not done.failed:
        return _("Undone: {undone}.", undone=format_number(done.undone))
    return _(
        "Undone {undone}, kept {kept}, failed {failed}.",
        undone=format_number(done.undone),
        kept=format_number(done.kept),
        failed=format_number(done.failed),
    )


def what(counts: Sequence[tuple[str, int]]) -> str:
    """Kinds of record with how many there are."""
    return ", ".join(f"{_(labels.OBJECTS.get(kind, kind))} {format_number(count)}" for kind, count in counts)


def _table(details: Sequence[UndoneDetail], count: int, *, key: str) -> None:
    rows = [
        {
            _("Record"): _(labels.OBJECTS.get(detail.object_type, detail.object_type)),
            _("Name"): detail.name or "—",
            _("Result"): _(BUCKETS[detail.bucket]),
            _("Reason"): _(detail.msgid, **detail.params) if detail.msgid else "",
        }
        for detail in details[:SHOWN]
    ]
    if all(not detail.msgid for detail in details):
        rows = [{name: row[name] for name in (_("Record"), _("Name"))} for row in rows]
    st.dataframe(rows, hide_index=True, key=key)
    if count > SHOWN:
        st.caption(_("... and {count} more", count=format_number(count - SHOWN)))
