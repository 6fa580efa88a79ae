"""The page behind a public link: a plain form without script or sign-in, for a rating or a survey (service/public_links.py)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cim import i18n
from cim.errors import CimError, Conflict, Invalid, NotFound
from cim.i18n import N_, _
from cim.models.survey import FormView, SurveyKind
from cim.service import public_links, sessions
from cim.service.surveys import SCALES

PLACE = "/answer/"
HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
LONGEST_BODY = 10_000  # bytes
_ENDS = {
    SurveyKind.CSAT: (N_("Very dissatisfied"), N_("Very satisfied")),
    SurveyKind.NPS: (N_("Not at all likely"), N_("Extremely likely")),
    SurveyKind.CES: (N_("Very hard"), N_("Very easy")),
}
_PAGE = """<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{ title }}</title><style>
:root{color-scheme:light dark;--line:#cbd5e1;--ink:#0f172a;--paper:#fff;--soft:#f1f5f9;--main:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--line:#475569;--ink:#e2e8f0;--paper:#0f172a;--soft:#1e293b;--main:#60a5fa}}
body{margin:0;background:var(--soft);color:var(--ink);font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:36rem;margin:6vh auto;padding:1.5rem;background:var(--paper);border:1px solid var(--line);border-radius:12px}
h1{font-size:1.25rem;margin:0 0 .25rem}p{margin:.5rem 0}.soft{opacity:.75;font-size:.9rem}.wrong{color:#dc2626}
fieldset{border:0;padding:0;margin:1rem 0}.scores{display:flex;flex-wrap:wrap;gap:.4rem}
.scores label{flex:1 0 2.6rem;text-align:center;border:1px solid var(--line);border-radius:8px;padding:.5rem 0;cursor:pointer}
.scores input{position:absolute;opacity:0}.scores label:has(:checked){background:var(--main);color:#fff}
.scores label:has(:focus-visible){outline:2px solid var(--main);outline-offset:2px}
.ends{display:flex;justify-content:space-between}textarea{width:100%;box-sizing:border-box;min-height:6rem;font:inherit;
padding:.5rem;border:1px solid var(--line);border-radius:8px;background:var(--paper);color:var(--ink)}
button{font:inherit;background:var(--main);color:#fff;border:0;border-radius:8px;padding:.6rem 1.4rem;cursor:pointer}
</style></head><body><main>
{% if form %}<h1>{{ form.question }}</h1>{% if form.about %}<p class="soft">{{ form.about }}</p>{% endif %}
{% if wrong %}<p class="wrong" role="alert">{{ wrong }}</p>{% endif %}
<form method="post" accept-charset="utf-8"><fieldset><legend class="soft">{{ choose }}</legend><div class="scores">
{% for score in scores %}<label><input type="radio" name="score" value="{{ score }}" required
{%- if score|string == picked %} checked{% endif %}>{{ score }}</label>{% endfor %}</div>
<div class="ends soft"><span>{{ ends[0] }}</span><span>{{ ends[1] }}</span></div></fieldset>
<p><label for="comment">{{ comment_label }}</label></p><textarea id="comment" name="comment" maxlength="2000">{{ comment }}</textarea>
<p><button type="submit">{{ send }}</button></p></form>
{% else %}<h1>{{ title }}</h1>{% if wrong %}<p>{{ wrong }}</p>{% endif %}{% endif %}</main></body></html>"""


async def show(request: Request) -> Response:
    """The form of a link; 404 for one that is none, 410 for one that is used or expired."""
    with i18n.use(_language(request)):
        form = await run_in_threadpool(public_links.look, sessions.VISITOR, request.path_params["token"])
        return _drawn(form)


async def take(request: Request) -> Response:
    """An answer. What was typed stays in the form when it cannot be taken."""
    body = b""
    async for part in request.stream():  # anybody may send this: no more is read than an answer takes
        body += part
        if len(body) > LONGEST_BODY:
            return HTMLResponse("", 413, headers=HEADERS)
    try:
        given = {
            name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=5).items()
        }
    except ValueError:  # more fields than the form has
        given = {}
    token, visitor = request.path_params["token"], replace(sessions.VISITOR, ip=_ip(request))
    with i18n.use(_language(request)):
        form = await run_in_threadpool(public_links.look, visitor, token)
        if form is None or form.state != "open":
            return _drawn(form)
        score = given.get("score", "")
        number = int(score) if score.isdecimal() and len(score) < 4 else -1
        try:
            await run_in_threadpool(public_links.answer, visitor, token, number, given.get("comment", ""))
        except Invalid as error:
            return _drawn(form, wrong=_(error.msgid, **error.params), picked=score, comment=given.get("comment", ""))
        except (NotFound, Conflict) as error:
            return _said(_(error.msgid, **error.params), 410)
        except CimError as error:
            return _said(_(error.msgid, **error.params), 409)
        return _said(form.thanks, 200)


def _drawn(form: FormView | None, *, wrong: str = "", picked: str = "", comment: str = "") -> Response:
    if form is None:
        return _said(_("This link is not valid."), 404)
    if form.state != "open":
        return _said(_(public_links.OVER), 410)
    told = {
        "title": form.question,
        "form": form,
        "scores": list(SCALES[form.kind]),
        "ends": [_(end) for end in _ENDS[form.kind]],
        "choose": _("Choose a number"),
        "comment_label": _("What would you like to add? (optional)"),
        "send": _("Send the answer"),
    }
    return _page(422 if wrong else 200, wrong=wrong, picked=picked, comment=comment[:2000], **told)


def _said(sentence: str, status: int) -> Response:
    return _page(status, title=sentence, form=None)


def _page(status: int, **told: Any) -> Response:
    return HTMLResponse(_template().render(lang=i18n.language(), **told), status, headers=HEADERS)


@cache
def _template() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(_PAGE)


def _language(request: Request) -> str:
    return request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()[:20]


def _ip(request: Request) -> str:
    return request.client.host[:64] if request.client else ""


ROUTES = [
    Route(PLACE + "{token}", show, methods=["GET"]),
    Route(PLACE + "{token}", take, methods=["POST"]),
]
