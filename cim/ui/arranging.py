"""Up and down: the two buttons that move one thing of an ordered list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cim.i18n import _


def arrows(ids: list[int], place: int, *, key: str, arranged: Callable[..., Any], of: str) -> None:
    """The buttons of the thing at `place`. `arranged` is the callback; it gets `of` and the ids in their new order."""
    for step, icon, told in ((-1, "arrow_upward", _("Move up")), (1, "arrow_downward", _("Move down"))):
        st.button(
            f":material/{icon}:",
            key=f"{key}.{icon}",
            help=told,
            type="tertiary",
            disabled=not 0 <= place + step < len(ids),
            on_click=arranged,
            args=(of, _moved(ids, place, step)),
        )


def _moved(ids: list[int], place: int, step: int) -> list[int]:
    moved = ids.copy()
    moved.insert(place + step, moved.pop(place))
    return moved
