"""The recycle bin: customers, contacts and follow-ups that were removed, and bringing them back."""

from cim.i18n import _
from cim.permissions import Permission
from cim.ui import shell
from cim.ui.panels import recycle_list

me = shell.open_page(_("Recycle bin"), Permission.CUSTOMER_WRITE)

recycle_list.page(me, recycle_list.kind(me))
