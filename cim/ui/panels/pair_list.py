"""The review queue: pairs of possible duplicates with their reasons, narrowed by what the URL says."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cim import clock, matching, service
from cim.i18n import N_, _, format_date, format_number
from cim.models.duplicate_view import PairSide, PairView
from cim.models.search import PairStatus
from cim.permissions import Permission
from cim.ui import feedback, gate, pickers
from cim.ui.text import safe
from cim.work import Actor

SIZE = 10
STATUS = {
    PairStatus.OPEN: N_("To be looked at"),
    PairStatus.DISMISSED: N_("Not duplicates"),
}


def show(me: Actor) -> None:
    """Filters, the pairs of one page, and the way to the next."""
    status, least, owner, of = _filters(me)
    page = st.query_params.get("page", "1")
    number = min(int(page), 10**6) if page.isdecimal() else 1
    asked: dict[str, Any] = {"status": status, "least": least, "owner": owner, "of": of, "page": number, "size": SIZE}
    found = feedback.attempt(service.duplicates.queue_list, me, **asked)
    if found is None:
        return
    st.markdown(f"**{_('{total} pairs', total=format_number(found.total))}**")
    if not found.rows:
        st.info(_("Nothing to look at here. New pairs come from scans, imports, and customers that were added anyway."))
    for pair in found.rows:
        _pair(pair)
    pages = -(-found.total // SIZE)
    if pages > 1:
        turned = st.pagination(pages, default=min(number, pages), key=f"duplicates.page.{number}.{pages}")
        if turned != number:
            st.query_params["page"] = str(turned)
            st.rerun()


def evidence(reasons: list[tuple[str, dict[str, object], int]]) -> str:
    """The reasons in words with their points, as Markdown on one line."""
    told = [(safe(_(msgid, **params)), points) for msgid, params, points in reasons]
    return " · ".join(f"{text} :{'green' if points > 0 else 'red'}[{points:+d}]" for text, points in told)


def _filters(me: Actor) -> tuple[PairStatus, int, int | None, int | None]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _bind("status", list(STATUS), PairStatus.OPEN)
        shown = {status.value: label for status, label in STATUS.items()}
        st.segmented_control(
            _("Status"),
            list(shown),
            format_func=lambda code: _(shown[code]),
            key="duplicates.status",
            on_change=_keep,
            args=("status",),
            required=True,
            width="content",
        )
        cuts = [str(matching.REVIEW), str(matching.ALMOST_SURE), "85", "95"]
        _bind("least", cuts, cuts[0])
        st.segmented_control(
            _("Points from"),
            cuts,
            key="duplicates.least",
            on_change=_keep,
            args=("least",),
            required=True,
            width="content",
        )
        with st.container(width=220):
            owner = pickers.person(me, key="duplicates.owner", label=_("Owner"), url="owner")
    of = st.query_params.get("of", "")
    if of.isdecimal():
        st.button(_("Only one customer's pairs"), icon=":material/close:", key="duplicates.of", on_click=_let_go)
    state = PairStatus(st.session_state["duplicates.status"])
    return state, int(st.session_state["duplicates.least"]), owner, int(of) if of.isdecimal() else None


def _pair(pair: PairView) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(_("{score} points", score=pair.score), color="red" if pair.sure else "orange")
            verdict = _("almost surely the same") if pair.sure else _("possibly the same")
            st.caption(f"{verdict} · {format_date(clock.local(pair.found_at).date())}", width="content")
        left, right = st.columns(2)
        for place, side in ((left, pair.a), (right, pair.b)):
            with place:
                _side(side)
        st.caption(evidence(pair.reasons))
        _actions(pair)


def _side(side: PairSide) -> None:
    owner = f"{_('Owner')}: {safe(side.owner)}" if side.owner else _("Public pool")
    if side.id is not None:
        link = {"page": "pages/customer.py", "query_params": {"id": str(side.id)}}
        st.page_link(label=f"**{safe(side.name)}**", **link)  # type: ignore[arg-type]
    else:
        st.markdown(f"**{safe(side.name)}** :material/lock:")
    made = format_date(clock.local(side.created_at).date()) if side.created_at else ""
    facts = [side.code, side.phone, side.region, made]
    st.caption(" · ".join([*(safe(fact) for fact in facts if fact), owner]))


def _actions(pair: PairView) -> None:
    if not pair.may_decide:
        owner = next((side.owner for side in (pair.a, pair.b) if side.id is None), "")
        if owner:
            told = _(
                "One of them is looked after by {owner}: only a manager of both can merge them.", owner=safe(owner)
            )
        else:
            told = _("One of them is not yours to change: claim it, or ask your manager.")
        st.caption(told)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if pair.status is PairStatus.OPEN:
            query = {"ids": f"{pair.a.id},{pair.b.id}", "pair": str(pair.id)}
            # no link: one that leads to the page it stands on leaves the address as it is
            compare = {"icon": ":material/join_inner:", "key": f"duplicates.compare.{pair.id}"}
            st.button(_("Compare and merge"), on_click=st.query_params.update, args=(query,), **compare)  # type: ignore[arg-type]
            label, decision, icon = _("Not duplicates"), PairStatus.DISMISSED, ":material/close:"
        else:
            label, decision, icon = _("Open again"), PairStatus.OPEN, ":material/undo:"
        key = f"duplicates.decide.{pair.id}"
        st.button(label, icon=icon, type="tertiary", key=key, on_click=_decide, args=(pair.id, decision.value))


@gate.guarded(Permission.CUSTOMER_WRITE)
def _decide(me: Actor, pair_id: int, decision: str) -> None:
    if feedback.attempt(service.duplicates.decide, me, pair_id, PairStatus(decision)):
        told = _("Remembered: not duplicates.") if decision == PairStatus.DISMISSED else _("The pair is open again.")
        feedback.toast(told)


def _bind(name: str, options: list[str], default: str) -> None:
    given = st.query_params.get(name, "")
    st.session_state[f"duplicates.{name}"] = str(given if given in options else default)


def _keep(name: str) -> None:
    st.query_params.pop("page", None)
    st.query_params[name] = str(st.session_state[f"duplicates.{name}"])


def _let_go() -> None:
    st.query_params.pop("of", None)
    st.query_params.pop("page", None)
