"""What an administrator sets without code: fields, option lists, rules, regions, and numbers."""

import streamlit as st

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui import tabs as choose
from cim.ui.panels import (
    custom_fields,
    settings_options,
    settings_pool,
    settings_regions,
    settings_rules,
    settings_values,
)

me = shell.open_page(_("Settings"), Permission.SETTINGS_MANAGE)

tabs = {
    "fields": _("Custom fields"),
    "options": _("Option lists"),
    "rules": _("Required fields and rules"),
    "regions": _("Regions"),
    "pool": _("Public pool"),
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
    case "values":
        settings_values.show(me, lambda name: not name.startswith(settings_values.POOL))
    case _:
        custom_fields.show(me)
