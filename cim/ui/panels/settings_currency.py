"""The currencies that amounts can be in, and what one unit of each is worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, gate, state
from cim.ui.text import safe
from cim.work import Actor


def show(me: Actor) -> None:
    """The table of rates; setting and taking away for who keeps the price list."""
    rates = feedback.attempt(service.currency.rates, me)
    if rates is None:
        return
    base = rates[0]
    st.caption(
        _(
            "Sums are in {name}. What is saved keeps the rate of its last save: another rate counts from then on.",
            name=f"{safe(base.name)} ({safe(base.code)})",
        )
    )
    managing = me.can(Permission.PRODUCT_MANAGE)
    for rate in rates[1:]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            worth = f"{rate.rate.normalize():f}"
            st.markdown(
                f"**{safe(rate.code)}** {safe(rate.name)} · 1 = {safe(worth)} {safe(base.code)}", width="content"
            )
            if managing:
                told = _("Bring stored amounts to this rate")
                again: dict[str, Any] = {"on_click": _revalue, "args": (rate.code,), "type": "tertiary"}
                st.button(told, icon=":material/sync:", key=f"currency.revalue.{rate.code}", **again)
                press: dict[str, Any] = {"on_click": _remove, "args": (rate.code,), "type": "tertiary"}
                st.button(_("Remove"), icon=":material/delete:", key=f"currency.remove.{rate.code}", **press)
    if len(rates) == 1:
        st.caption(_("No other currency yet."))
    if managing:
        _form(me)


def _form(me: Actor) -> None:
    token = state.token("currency")
    with st.form(f"currency.form.{token}", border=False):
        left, right = st.columns(2)
        code = left.text_input(_("Currency code"), key=f"currency.code.{token}", max_chars=3, placeholder="USD")
        rate = right.number_input(
            _("One unit is worth ({base})", base=service.currency.base()),
            min_value=0.0,
            value=None,
            format="%.6f",
            key=f"currency.rate.{token}",
        )
        pressed = st.form_submit_button(_("Save rate"), key=f"currency.save.{token}", icon=":material/check:")
        feedback.at_field("code")
        feedback.at_field("rate")
    if not pressed:
        return
    exact = Decimal(str(rate)) if rate is not None else Decimal(0)
    if feedback.attempt(service.currency.set_rate, me, code or "", exact) is not None:
        state.spend("currency")
        feedback.flash(_("Saved."), kind="success")
        st.rerun()


@gate.guarded(Permission.PRODUCT_MANAGE)
def _remove(me: Actor, code: str) -> None:
    feedback.attempt(service.currency.remove_rate, me, code)


@gate.guarded(Permission.PRODUCT_MANAGE)
def _revalue(me: Actor, code: str) -> None:
    changed = feedback.attempt(service.currency.revalue, me, code)
    if changed is not None:
        feedback.flash(_("{count} stored amounts follow the rate.", count=changed), kind="success")
