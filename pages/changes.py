"""Changes and undo: what was changed lately, by oneself or by those one answers for, each to be taken back."""

from cim import service
from cim.i18n import _
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui.panels import change_list

me = shell.open_page(_("Changes and undo"), Permission.CUSTOMER_WRITE)

who, kind = change_list.filters(me)
change_list.asked(me)
found = feedback.attempt(service.undo.recent, me, actor_id=who, kind=kind, limit=change_list.limit() + 1)
if found is not None:
    change_list.show(found)
