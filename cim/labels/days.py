"""What actions of everyday work: follow-ups, tasks, calendar, worklist, notices, figures are called. Data, no code."""

from __future__ import annotations

from cim.i18n import N_

ACTIONS: dict[str, str] = {
    "activities.count": N_("Follow-ups counted"),
    "activities.get": N_("Follow-up read"),
    "activities.history": N_("Changes of a customer read"),
    "activities.log": N_("Follow-up logged"),
    "activities.remove": N_("Follow-up removed"),
    "activities.timeline": N_("Follow-ups read"),
    "activities.update": N_("Follow-up changed"),
    "insights.kpis": N_("Key figures read"),
    "insights.quality": N_("Data quality read"),
    "kpis.by_rep": N_("Key figures read"),
    "kpis.current": N_("Key figures read"),
    "kpis.data_version": N_("Key figures read"),
    "kpis.first_steps": N_("First steps read"),
    "kpis.history": N_("Key figures read"),
    "pool.allowance": N_("Public pool read"),
    "pool.claim_many": N_("Customers taken from the public pool"),
    "pool.due": N_("Public pool read"),
    "pool.due_of": N_("Public pool read"),
    "pool.history": N_("Public pool read"),
    "pool.outlook": N_("Public pool read"),
    "pool.release": N_("Customer given back to the public pool"),
    "pool.warn_and_return": N_("Customers returned to the public pool"),
    "segments.count": N_("Segments counted"),
    "tasks.add": N_("Task added"),
    "tasks.done": N_("Task done"),
    "tasks.for_customer": N_("Tasks read"),
    "tasks.mine": N_("Tasks read"),
    "tasks.postpone": N_("Task postponed"),
    "tasks.remove": N_("Task removed"),
    "tasks.undo_done": N_("Task reopened"),
}
