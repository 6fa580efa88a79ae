"""What an administrator sets without code: fields, option lists, rules, regions, and numbers."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import (
    custom_fields,
    settings_currency,
    settings_mail,
    settings_options,
    settings_pool,
    settings_regions,
    settings_rules,
    settings_service,
    settings_stages,
    settings_values,
    settings_working_time,
    settings_worklist,
)

me = shell.open_page(_("Settings"), Permission.SETTINGS_MANAGE)

tabs = {
    "fields": _("Custom fields"),
    "options": _("Option lists"),
    "rules": _("Required fields and rules"),
    "regions": _("Regions"),
    "pool": _("Public pool"),
    "stages": _("Sales stages"),
    "worklist": _("Worklist"),
    "service": _("Service desk"),
    "working_time": _("Working time"),
    "mail": _("Mail and chat"),
    "currency": _("Currencies"),
    "values": _("Other settings"),
}
match choose.chosen(tabs, key="settings.tab", label=_("Settings"), draw=st.pills, wrap=True):
    case "options":
        settings_options.show(me)
    case "rules":
        settings_rules.show(me)
    case "regions":
        settings_regions.show(me)
    case "pool":
        settings_pool.show(me)
    case "worklist":
        settings_worklist.show(me)
    case "stages":
        settings_stages.show(me)
    case "service":
        settings_service.show(me)
    case "working_time":
        settings_working_time.show(me)
    case "mail":
        settings_mail.show(me)
    case "currency":
        settings_currency.show(me)
    case "values":
        settings_values.show(me, lambda name: not name.startswith((settings_values.POOL, settings_service.TICKETS)))
    case _:
        custom_fields.show(me)
