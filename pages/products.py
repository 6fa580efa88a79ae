"""Products: the price list, one product with its special prices (`?id=`), what was sold, and currency rates."""

import streamlit as st

from cim import service
from cim.i18n import _
from cim.models.custom import Noun
from cim.permissions import Permission
from cim.ui import feedback, shell
from cim.ui import tabs as choose
from cim.ui.panels import product_card, product_form, product_sales, records, settings_currency

me = shell.open_page(_("Products"), Permission.SALES_READ)

if (asked := st.query_params.get("id", "")).isdecimal():
    st.page_link("pages/products.py", label=_("Price list"), icon=":material/arrow_back:")
    view = feedback.attempt(service.products.get, me, int(asked))
    if view is not None:
        product_card.show(me, view)
    st.stop()

tabs = {"list": _("Price list"), "sold": _("Sold"), "rates": _("Currency rates")}
match choose.chosen(tabs, key="products.tab", label=_("Products"), draw=st.segmented_control):
    case "sold":
        product_sales.show(me)
    case "rates":
        settings_currency.show(me)
    case _:
        if me.can(Permission.PRODUCT_MANAGE):
            with st.expander(_("Add a product"), icon=":material/add:"):
                made = product_form.add(me)
            if made is not None:
                st.switch_page("pages/products.py", query_params={"id": str(made)})
        records.show(me, Noun.PRODUCT)
