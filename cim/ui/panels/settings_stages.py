"""Settings, stages of the pipeline: their order, chance, days, and what each asks for."""

from __future__ import annotations

import streamlit as st

from cim import words
from cim.i18n import _
from cim.models.opportunity import StageDraft, StageKind, StageView
from cim.permissions import Permission
from cim.service import stages
from cim.ui import arranging, feedback, gate
from cim.ui.text import safe
from cim.work import Actor

KINDS = {"open": "blue", "won": "green", "lost": "red"}


def show(me: Actor) -> None:
    """The tab: the stages there are, each with what can be done to it, and a form for another."""
    listed = stages.everything(me, retired=True)
    used = stages.used(me)
    st.caption(
        _(
            "An opportunity stays where it is when its stage changes. The chance counts in the weighted forecast unless "
            "somebody sets another one by hand; after the days it counts as stuck."
        )
    )
    with st.container(key="stages.list", gap=None):
        for place, stage in enumerate(listed):
            _row(stage, [other.id for other in listed], place, used.get(stage.id, 0))
    with (
        st.expander(_("Add a stage"), icon=":material/add:", key="stages.adding"),
        st.form("stages.add", border=False, clear_on_submit=True),
    ):
        _fields("stages.new", None)
        st.form_submit_button(_("Add"), type="primary", on_click=_added)


def kind_name(kind: StageKind) -> str:
    """What a kind of stage is called."""
    return {StageKind.OPEN: _("In progress"), StageKind.WON: _("Won"), StageKind.LOST: _("Not won")}[kind]


def _row(stage: StageView, ids: list[int], place: int, used: int) -> None:
    key = f"stages.{stage.id}.{stage.version}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        with st.container(gap=None, width="content"):
            color = stage.color or KINDS[stage.kind.value]
            retired = f" :gray-badge[{_('Retired')}]" if stage.retired else ""
            st.markdown(f":{color}-badge[{safe(stage.name)}] {stage.probability}%{retired}", width="content")
            st.caption(" · ".join(_facts(stage, used)), width="content")
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            arranging.arrows(ids, place, key=key, arranged=_arranged, of="stages")
            box = st.popover(_("Change"), icon=":material/edit:", type="tertiary", key=key, on_change="rerun")
            if box.open:
                with box:
                    _editor(stage, key)


def _facts(stage: StageView, used: int) -> list[str]:
    told = [kind_name(stage.kind), _("{count} opportunities", count=used)]
    if stage.kind is StageKind.OPEN and stage.days_limit:
        told.append(_("stuck after {days} days", days=stage.days_limit))
    if stage.required:
        told.append(_("asks for {fields}", fields=", ".join(_(stages.REQUIRABLE[name]) for name in stage.required)))
    return told


def _editor(stage: StageView, key: str) -> None:
    with st.form(f"{key}.form", border=False):
        _fields(key, stage)
        st.form_submit_button(_("Save"), type="primary", on_click=_changed, args=(stage.id, stage.version, key))
    with st.container(horizontal=True):
        label = _("Offer again") if stage.retired else _("Retire")
        act = {"on_click": _retired, "args": (stage.id, stage.version, not stage.retired)}
        st.button(label, key=f"{key}.retire", **act)  # type: ignore[arg-type]
        act = {"on_click": _removed, "args": (stage.id, stage.version)}
        st.button(_("Delete"), icon=":material/delete:", key=f"{key}.remove", **act)  # type: ignore[arg-type]


def _fields(key: str, held: StageView | None) -> None:
    st.text_input(_("Name"), held.name if held else "", key=f"{key}.name", max_chars=60)
    if held is None:
        st.selectbox(_("Kind"), list(StageKind), format_func=kind_name, key=f"{key}.kind")
    left, right = st.columns(2)
    left.number_input(_("Chance in percent"), 0, 100, held.probability if held else 50, step=5, key=f"{key}.chance")
    hint = _("0 is never.")
    right.number_input(_("Stuck after (days)"), 0, 3650, held.days_limit if held else 21, key=f"{key}.days", help=hint)
    st.multiselect(
        _("Asks for"),
        list(stages.REQUIRABLE),
        held.required if held else [],
        format_func=lambda name: _(stages.REQUIRABLE[name]),
        key=f"{key}.required",
    )
    st.pills(
        _("Colour"),
        stages.COLORS[1:],
        default=(held.color or None) if held else None,
        format_func=lambda color: f":{color}-badge[{words.value('color', color)}]",
        key=f"{key}.color",
        wrap=True,
    )


def _typed(key: str) -> StageDraft:
    held = st.session_state
    given = {
        "name": str(held.get(f"{key}.name") or ""),
        "probability": int(held.get(f"{key}.chance") or 0),
        "days_limit": int(held.get(f"{key}.days") or 0),
        "required": list(held.get(f"{key}.required") or []),
        "color": held.get(f"{key}.color") or "",
    }
    if f"{key}.kind" in held:
        given["kind"] = held[f"{key}.kind"]
    return StageDraft.model_validate(given)


@gate.guarded(Permission.SETTINGS_MANAGE)
def _added(me: Actor) -> None:
    draft = _typed("stages.new")
    if feedback.attempt(stages.add, me, draft):
        feedback.toast(_("{value} was added.", value=draft.name))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _changed(me: Actor, stage_id: int, version: int, key: str) -> None:
    if feedback.attempt(stages.change, me, stage_id, _typed(key), version=version) is not None:
        feedback.toast(_("Saved."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _retired(me: Actor, stage_id: int, version: int, retired: bool) -> None:
    if feedback.attempt(stages.retire, me, stage_id, version=version, retired=retired):
        feedback.toast(_("Retired.") if retired else _("Offered again."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _removed(me: Actor, stage_id: int, version: int) -> None:
    feedback.attempt(stages.remove, me, stage_id, version=version)
    if feedback.succeeded():
        feedback.toast(_("Deleted."))


@gate.guarded(Permission.SETTINGS_MANAGE)
def _arranged(me: Actor, _of: str, ids: list[int]) -> None:
    feedback.attempt(stages.arrange, me, ids)
