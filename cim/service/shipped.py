"""What a fresh installation begins with, and one that comes from an older version gets: regions, stages, service rules."""

from __future__ import annotations

from cim.permissions import Permission
from cim.service import regions, service_rules, stages
from cim.work import Work, command


@command(Permission.SETTINGS_MANAGE)
def seed(work: Work) -> int:
    """Put in what is missing altogether; returns how many rows. What an administrator changed or emptied in part stays."""
    return regions.seed(work) + stages.seed(work) + service_rules.seed(work)
