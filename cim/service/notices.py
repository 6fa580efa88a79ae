"""Notices: what a person is told, once each, and the list of them in the app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from cim.models import Notice
from cim.models.base import columns
from cim.work import Work

NOTICES = columns(Notice)


def tell(
    work: Work,
    user_ids: Iterable[int | None],
    *,
    kind: str,
    key: str,
    title: str,
    params: Mapping[str, Any] | None = None,
    link: str = "",
    customer_id: int | None = None,
    urgent: bool = False,
) -> int:
    """Tell each of these users something, unless they were told under the same `key` before; returns how many were told.

    `kind` is what a person may turn off ("task.due", "ticket.assigned"), `title` a message id (N_) with `params` of plain
    JSON, `link` a path of ours ("/customer?id=3"). Nothing personal goes in but names: notices leave the house by mail."""
    wanted = sorted({user_id for user_id in user_ids if user_id is not None})
    told = select(NOTICES.user_id).where(NOTICES.user_id.in_(wanted), NOTICES.key == key[:120])
    held = set(work.session.execute(told).scalars())
    new = [user_id for user_id in wanted if user_id not in held]
    for user_id in new:
        work.add(
            Notice(
                user_id=user_id,
                kind=kind,
                key=key[:120],
                title=title,
                params=dict(params or {}),
                link=link,
                customer_id=customer_id,
                urgent=urgent,
                created_at=work.now,
            )
        )
    return len(new)
