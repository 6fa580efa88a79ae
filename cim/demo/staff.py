"""Who works at the demo company. The same people as in the tests and the screenshots."""

from __future__ import annotations

from dataclasses import dataclass

from cim.permissions import Role

PASSWORD = "visit-every-day-26"
"""Of every demo account, easy to type and published: `serve` offers a demo on this machine only."""

TEAMS: dict[str, str | None] = {"销售部": None, "华东组": "销售部", "华南组": "销售部"}
"""Team -> the team above."""


@dataclass(frozen=True)
class Employee:
    """One account of the demo company."""

    username: str
    name: str
    role: Role
    team: str | None = None


EMPLOYEES = (
    Employee("ann", "安晓然", Role.REP, "华东组"),
    Employee("bo", "薄文博", Role.REP, "华南组"),
    Employee("mei", "梅若华", Role.MANAGER, "销售部"),
    Employee("kai", "凯思远", Role.SERVICE),
    Employee("audrey", "奥德莉", Role.AUDITOR),
    Employee("root", "管理员", Role.ADMIN),
)
