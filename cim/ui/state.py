"""Keys of st.session_state, declared once. It holds primitives only and carries no authority."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

WHO = "_who"
"""(user id, session id) that the rest of the state belongs to."""
FLASH = "_flash"
"""Messages to show after the next rerun or page switch: list of (kind, text)."""
SIGN_IN = "_sign_in"
"""Where the visitor stands in the sign-in: step, proof, time."""
LANGUAGE = "_language"
"""Language code in force for this tab."""
LEAVING = "_leaving"
"""Set while the browser is asked to drop its cookie."""
REFUSED = "_refused"
"""The page whose refusal was recorded last."""
FIELD_ERRORS = "_field_errors"
"""Message by field, of the last refused submit."""
CREDENTIAL = "_credential"
"""(user name, one-time password) to be shown once to the administrator who made it."""
ENTRY_CLEAR = "_entry_clear"
"""Set when the form for a new customer is to begin empty."""
EDITING = "_editing"
"""(customer id, version) that the edit form was filled from."""
EDIT_FILLED = "_edit_filled"
"""The record's values as they were when its edit form was filled, as text by field."""
CONFLICT = "_conflict"
"""Id of the customer whose save met somebody else's."""
FILE_ROUND = "_file_round"
"""Counts the uploads to customers: another number empties the upload box."""
FILE_REMOVED = "_file_removed"
"""(customer id, file id) of the file removed last, to be taken back."""
LIST_ROUND = "_list_round"
"""Counts the bulk actions on a list: another number unticks its rows."""
LIST_ALL = "_list_all"
"""The address of the list of which every row is meant, also on other pages."""
LIST_RESULT = "_list_result"
"""(done, lines of what was left out, how many, change set, prefix of the list) of the last bulk action."""
LIST_GRID = "_list_grid"
"""Set while the list is edited as a grid."""
OPENED_FROM = "_opened_from"
"""The list a record was opened from: ids of its page, page, pages, total, size, and its address as a dict."""
QUALITY_TYPED = "_quality_typed"
"""Values of the repair grid that were refused, with the reason, by "customer.field"."""
QUALITY_ROUND = "_quality_round"
"""Counts the saves of the repair grid: another number gives it other rows."""
UNDO_ASKED = "_undo_asked"
"""(change set, records, sure) that was chosen to be taken back."""
REMOVED = "_removed"
"""Id of the customer that was deleted on its page a moment ago."""
RECYCLE_CODE = "_recycle_code"
"""Id of the removed customer that needs another code to come back."""
MERGED = "_merged"
"""(winner's id, id of a merged record, how many) of the merge that can be taken back at once; or, after a bulk merge,
(0, number of the change, how many)."""
COMPARED = "_compared"
"""The records that stand side by side, each as it was when it was first shown: list of (customer id, version)."""
OPPORTUNITY_DIALOG = "_opportunity_dialog"
"""(what, opportunity id, version) of the dialog that is open."""
ORDER_EDITING = "_order_editing"
"""Id of the order whose form is open."""
ORDER_OVER = "_order_over"
"""(order id, question) where confirming an order met the credit limit."""
CONTRACT_EDITING = "_contract_editing"
"""Id of the contract whose form is open."""
TOKEN = "_token."
"""Prefix of the save tokens of forms."""

KEPT = (FLASH, LANGUAGE)


def token(key: str) -> str:
    """The idempotency token of a form: the same until `spend`. Pass it to the service, and put it into the widget key
    of the submit button (`key=f"save-{token}"`), so that a second press cannot become a second save."""
    name = TOKEN + key
    if name not in st.session_state:
        st.session_state[name] = secrets.token_hex(16)
    return str(st.session_state[name])


def spend(key: str) -> None:
    """After a successful save: the next form gets a token of its own."""
    st.session_state.pop(TOKEN + key, None)


def forget_all() -> None:
    """Drop everything a previous person left in this tab, except messages and language."""
    kept: dict[str, Any] = {name: st.session_state[name] for name in KEPT if name in st.session_state}
    for name in list(st.session_state):
        del st.session_state[name]
    for name, value in kept.items():
        st.session_state[name] = value
