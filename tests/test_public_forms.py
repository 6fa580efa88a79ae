"""The form behind a public link, asked over HTTP by somebody without an account."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cim import server, service
from cim.models.customer import CustomerDraft
from cim.models.survey import SurveyDraft
from tests.factories import Personas


@pytest.fixture
def web() -> TestClient:
    """A browser in front of our routes and Shield."""
    return TestClient(Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE))


def test_a_public_link_is_a_plain_form_that_takes_one_answer(web: TestClient, people: Personas) -> None:
    firm = service.customers.create(people.ann, CustomerDraft(name="南京信诺环保科技有限公司"))
    draft = SurveyDraft(name="满意度", question="您<b>满意</b>吗？", thanks="谢谢！")
    survey = service.surveys.add(people.root, draft)
    token = service.public_links.for_survey(people.ann, firm, survey)
    page = web.get(f"/answer/{token}", headers={"accept-language": "zh-CN"})
    assert page.status_code == 200
    assert "您&lt;b&gt;满意&lt;/b&gt;吗？" in page.text
    assert "南京" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers or "cim_session" not in page.headers["set-cookie"]
    wrong = web.post(f"/answer/{token}", data={"score": "9", "comment": "<script>x"})
    assert wrong.status_code == 422
    assert "&lt;script&gt;x" in wrong.text
    done = web.post(f"/answer/{token}", data={"score": "5", "comment": "好"})
    assert (done.status_code, "谢谢！" in done.text) == (200, True)
    assert web.post(f"/answer/{token}", data={"score": "1"}).status_code == 410
    assert web.get(f"/answer/{token}").status_code == 410
    assert [answer.score for answer in service.surveys.answers(people.ann)] == [5]


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00"])
def test_a_guessed_link_is_not_found_and_says_no_more(web: TestClient, people: Personas, token: str) -> None:
    found = [web.get(f"/answer/{token}"), web.post(f"/answer/{token}", data={"score": "5"})]
    assert {answer.status_code for answer in found} == {404}
    assert web.post("/answer/x", content=b"y" * 20_000).status_code == 413
