"""The landing page."""

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell

me = shell.open_page(_("Dashboard"), Permission.DASHBOARD_READ)
