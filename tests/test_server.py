"""The routes, guards and headers that the server adds, asked over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import ScriptRunContext, add_script_run_ctx
from streamlit.runtime.state import SafeSessionState, SessionState

from cim import backup, db, downloads, passwords, scheduler, server, service
from cim.models import User
from cim.models.customer import CustomerDraft
from cim.service import sessions
from cim.service.sessions import VISITOR
from tests.factories import Personas, history

OURS = {"x-cim": "1"}
PASSWORD = "long walk by the quiet river"


@pytest.fixture
def web(people: Personas) -> TestClient:
    """A browser in front of our routes and Shield, with stand-ins for what Streamlit serves."""

    async def text(_request: object) -> PlainTextResponse:
        return PlainTextResponse("content")

    async def page(_request: object) -> HTMLResponse:
        return HTMLResponse("<p>page</p>")

    theirs = [
        "/media/{name}",
        "/base/media/{name}",
        "/static/media/{name}",
        "/_stcore/upload_file/{name:path}",
        "/_stcore/metrics",
        "/_stcore/agent/interact",
    ]
    routes = [Route("/", page), *(Route(path, text, methods=["GET", "PUT"]) for path in theirs)]
    return TestClient(Starlette(routes=[*server.ROUTES, *routes], middleware=server.MIDDLEWARE))


@pytest.fixture
def ticket(web: TestClient, people: Personas) -> str:
    """A ticket of ann for this browser."""
    with db.session(writing=True) as session:
        user = session.get(User, people.ann.user_id)
        assert user is not None
        user.password_hash = passwords.hashed(PASSWORD)
        session.commit()
    return fresh_ticket(web)


def fresh_ticket(web: TestClient) -> str:
    web.get("/")
    proof = sessions.check_password(VISITOR, "ann", PASSWORD).proof
    return sessions.open_ticket(VISITOR, proof, binder=web.cookies["cim_pre"])


def test_a_ticket_becomes_a_cookie_that_scripts_cannot_read(web: TestClient, ticket: str) -> None:
    answer = web.post("/session/start", json={"ticket": ticket}, headers=OURS)
    assert answer.status_code == 200
    given = answer.headers.get_list("set-cookie")
    mine = next(cookie for cookie in given if cookie.startswith("cim_session="))
    assert "HttpOnly" in mine
    assert "SameSite=lax" in mine
    assert "Path=/" in mine
    assert ticket not in mine
    assert answer.headers["cache-control"] == "no-store"
    me = sessions.resolve(web.cookies["cim_session"])
    assert me is not None
    assert me.username == "ann"
    assert history()[-1].action == "sessions.sign_in"


def test_behind_tls_the_cookie_is_bound_to_the_host(
    web: TestClient, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIM_COOKIE_SECURE", "1")
    cookies = web.get("/", headers={"cookie": ""}).headers.get_list("set-cookie")
    assert any(c.startswith("__Host-cim_pre=") and "Secure" in c and "Domain" not in c for c in cookies)
    assert "max-age" in web.get("/").headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"ticket": "TICKET"}, {}, 403),
        ({"ticket": "TICKET"}, OURS | {"sec-fetch-site": "cross-site"}, 403),
        ({"ticket": "TICKET"}, OURS | {"sec-fetch-site": "same-site"}, 403),
        ({"ticket": "wrong"}, OURS, 403),
        ({"ticket": 7}, OURS, 400),
        ({}, OURS, 400),
        (["ticket"], OURS, 400),
        ({"ticket": "x" * 5000}, OURS, 400),
    ],
)
def test_what_is_no_sign_in_of_ours_gets_no_cookie(
    web: TestClient, ticket: str, body: object, headers: dict[str, str], status: int
) -> None:
    if body == {"ticket": "TICKET"}:
        body = {"ticket": ticket}
    answer = web.post("/session/start", json=body, headers=headers)
    assert answer.status_code == status
    assert "cim_session" not in web.cookies


def test_no_more_of_a_body_is_read_than_a_ticket_takes(home: Path) -> None:
    read: list[int] = []
    answers: list[int] = []

    async def endless() -> dict[str, object]:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 1000, "more_body": len(read) < 50}

    async def note(message: MutableMapping[str, Any]) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    scope = {"type": "http", "method": "POST", "path": "/session/start", "headers": [(b"x-cim", b"1")]}
    asyncio.run(Route("/session/start", server.start, methods=["POST"]).app(scope, endless, note))  # type: ignore[arg-type]
    assert (answers, len(read)) == ([400], 3)


def test_a_ticket_is_good_once_and_for_its_browser_only(web: TestClient, ticket: str) -> None:
    stranger = TestClient(web.app)
    stranger.get("/")
    assert stranger.post("/session/start", json={"ticket": ticket}, headers=OURS).status_code == 403
    assert web.post("/session/start", json={"ticket": ticket}, headers=OURS).status_code == 200
    assert web.post("/session/start", json={"ticket": ticket}, headers=OURS).status_code == 403


def test_signing_in_again_ends_the_session_before(web: TestClient, ticket: str) -> None:
    web.post("/session/start", json={"ticket": ticket}, headers=OURS)
    first, binder = web.cookies["cim_session"], web.cookies["cim_pre"]
    web.post("/session/start", json={"ticket": fresh_ticket(web)}, headers=OURS)
    assert sessions.resolve(first) is None
    assert sessions.resolve(web.cookies["cim_session"])
    assert web.cookies["cim_pre"] != binder


def test_sign_out_kills_the_copied_cookie(web: TestClient, ticket: str) -> None:
    web.post("/session/start", json={"ticket": ticket}, headers=OURS)
    copied = web.cookies["cim_session"]
    assert web.post("/session/end").status_code == 403
    answer = web.post("/session/end", headers=OURS)
    assert answer.status_code == 200
    assert "clear-site-data" in answer.headers
    assert "cim_session" not in web.cookies
    assert sessions.resolve(copied) is None
    assert history()[-1].action == "sessions.sign_out"


def test_files_and_uploads_need_a_session(web: TestClient, ticket: str) -> None:
    paths = ["/media/abc.csv", "/_stcore/upload_file/session/file"]
    assert [web.get(path).status_code for path in paths] == [401, 401]
    assert web.get("/base/media/abc.csv").status_code == 401
    assert web.get("/static/media/icons.woff2").status_code == 200, "the sign-in page needs the icons"
    assert web.get("/static/media/x/media/abc.csv").status_code == 401
    assert web.put("/_stcore/upload_file/session/file", content=b"x").status_code == 401
    web.post("/session/start", json={"ticket": ticket}, headers=OURS)
    downloads.note(paths[0], downloads.bind_of(web.cookies["cim_session"]))
    assert [web.get(path).status_code for path in paths] == [200, 200]
    assert web.get("/media/abc.csv").headers["cache-control"] == "no-store"
    web.post("/session/end", headers=OURS)
    assert [web.get(path).status_code for path in paths] == [401, 401]


def signed_in(web: TestClient, name: str) -> TestClient:
    """Another browser in front of the same server, in which this person is signed in."""
    theirs = TestClient(web.app)
    with db.session(writing=True) as session:
        user = session.execute(select(User).where(User.username == name)).scalar_one()  # type: ignore[arg-type]
        user.password_hash = passwords.hashed(PASSWORD)
        session.commit()
    theirs.get("/")
    proof = sessions.check_password(VISITOR, name, PASSWORD).proof
    ticket = sessions.open_ticket(VISITOR, proof, binder=theirs.cookies["cim_pre"])
    theirs.post("/session/start", json={"ticket": ticket}, headers=OURS)
    return theirs


def run_of(user_info: dict[str, Any]) -> ScriptRunContext:
    """A run of a page in the browser session of this cookie."""
    return ScriptRunContext(
        session_id=str(user_info),
        _enqueue=lambda _message: None,
        query_string="",
        session_state=SafeSessionState(SessionState(), lambda: None),
        uploaded_file_mgr=MemoryUploadedFileManager("/upload"),
        main_script_path="",
        user_info=user_info,
        fragment_storage=MemoryFragmentStorage(),
        pages_manager=PagesManager(""),
    )


def test_a_download_is_for_the_session_it_was_made_for(web: TestClient) -> None:
    downloads.note_owners()
    downloads.note_owners()
    ann, bo = signed_in(web, "ann"), signed_in(web, "bo")
    store = MediaFileManager(MemoryMediaFileStorage("/media"))
    urls: list[str] = []

    def page() -> None:
        urls.append(store.add(b"a,b", "text/csv", "1", is_for_static_download=True))
        urls.append(store.add_deferred(lambda: b"c,d", "text/csv", "2"))

    run = threading.Thread(target=page)
    add_script_run_ctx(run, run_of({"cim_bind": downloads.bind_of(ann.cookies["cim_session"])}))
    run.start()
    run.join()
    urls[1] = store.execute_deferred(urls[1])
    assert [ann.get(u).status_code for u in urls] == [200, 200]
    assert [bo.get(u).status_code for u in urls] == [403, 403]
    assert [web.get(u).status_code for u in urls] == [401, 401]
    again = signed_in(web, "ann")
    assert again.get(urls[0]).status_code == 403, "a new session has to make its own"
    ann.post("/session/end", headers=OURS)
    assert ann.get(urls[0]).status_code == 401


def test_what_is_remembered_of_downloads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_MOST_NOTED", 3)
    for number in range(5):
        downloads.note(f"/media/{number}.csv", downloads.bind_of("x"))
    assert [downloads.may_fetch(f"/media/{number}.csv", "x") for number in range(5)] == [False, False, True, True, True]


def test_a_file_goes_to_who_may_have_it(web: TestClient, people: Personas) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="李四"))
    number = service.files.add(people.ann, one, '合同 "最终".pdf', b"%PDF-1.7 <script>")
    path = f"/files/{number}"
    assert web.get(path).status_code == 401
    answers = {name: signed_in(web, name).get(path) for name in ("ann", "bo", "mei", "kai", "audrey", "root")}
    codes = {name: answer.status_code for name, answer in answers.items()}
    assert codes == {"ann": 200, "bo": 404, "mei": 200, "kai": 200, "audrey": 403, "root": 403}
    assert {answer.content for answer in answers.values() if answer.status_code == 200} == {b"%PDF-1.7 <script>"}
    headers = answers["ann"].headers
    assert headers["content-disposition"] == (
        "attachment; filename=\"__ ____.pdf\"; filename*=UTF-8''%E5%90%88%E5%90%8C%20_%E6%9C%80%E7%BB%88_.pdf"
    )
    assert (headers["content-type"], headers["cache-control"]) == ("application/pdf", "no-store")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert [e.actor for e in history() if e.action == "files.read"] == ["ann", "mei", "kai", "audrey", "root"]
    bo = signed_in(web, "bo")
    assert bo.get(path).content == bo.get("/files/999999999999").content, "not yours and not there answer alike"


def test_a_file_is_not_given_after_sign_out_or_to_another_site(web: TestClient, people: Personas) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="李四"))
    path = f"/files/{service.files.add(people.ann, one, 'a.txt', b'abc')}"
    ann = signed_in(web, "ann")
    for site, status in {"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403}.items():
        assert ann.get(path, headers={"sec-fetch-site": site}).status_code == status
    assert ann.get("/files/abc").status_code == 404
    copied = dict(ann.cookies)
    ann.post("/session/end", headers=OURS)
    assert TestClient(web.app, cookies=copied).get(path).status_code == 401


def test_lost_content_is_told(web: TestClient, people: Personas, home: Path) -> None:
    one = service.customers.create(people.ann, CustomerDraft(name="李四"))
    number = service.files.add(people.ann, one, "a.txt", b"abc")
    for path in (home / "files").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    answer = signed_in(web, "ann").get(f"/files/{number}")
    assert (answer.status_code, "管理员" in answer.text) == (409, True)


@pytest.mark.parametrize("path", ["/", "/media/abc", "/session/start", "/nothing"])
def test_every_answer_carries_the_security_headers(web: TestClient, path: str) -> None:
    headers = web.get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self' blob:;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_are_not_kept_by_the_browser(web: TestClient) -> None:
    assert web.get("/").headers["cache-control"] == "no-store"


def test_metrics_are_for_this_computer_only(web: TestClient) -> None:
    assert web.get("/_stcore/metrics").status_code == 200
    far = TestClient(web.app, client=("203.0.113.7", 40000))
    assert far.get("/_stcore/metrics").status_code == 404


def test_the_interface_for_agents_is_closed(web: TestClient) -> None:
    assert web.get("/_stcore/agent/interact").status_code == 404


def test_a_websocket_is_bound_to_its_cookie() -> None:
    seen: list[dict[bytes, bytes]] = []

    async def app(scope: object, _receive: object, _send: object) -> None:
        seen.append(dict(scope["headers"]))  # type: ignore[index]

    for cookie in (b"cim_session=one", b"cim_session=two", b"other=1"):
        scope = {"type": "websocket", "path": "/", "headers": [(b"cookie", cookie), (b"X-Cim-Bind", b"forged")]}
        asyncio.run(server.Shield(app)(scope, None, None))  # type: ignore[arg-type]
    binds = [headers[b"x-cim-bind"] for headers in seen]
    assert len(set(binds)) == 3
    assert binds[2] == b"anonymous"
    assert all(b"forged" not in headers.values() for headers in seen)


def test_the_demo_company_is_for_this_computer_only(web: TestClient, home: Path) -> None:
    server.refuse_public_demo("0.0.0.0")
    (home / "demo").touch()
    assert_fresh_settings()
    server.refuse_public_demo("127.0.0.1", "::1", "localhost", None)
    for host in ("0.0.0.0", "::", "192.168.1.5"):
        with pytest.raises(SystemExit):
            server.refuse_public_demo(host)
    assert web.get("/").status_code == 200
    assert TestClient(web.app, base_url="http://192.168.1.5").get("/").status_code == 403


def assert_fresh_settings() -> None:
    """The settings are read once per environment: a file that appears later needs a new reading."""
    from cim import config

    config._read.cache_clear()
    assert config.settings().demo


def test_the_server_takes_a_backup_every_day(people: Personas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "DAILY_SECONDS", 0.05)

    async def until_taken() -> None:
        async with server.lifespan(None), asyncio.timeout(30):
            while not any(entry.action == "backups.daily_if_due" for entry in history()):
                await asyncio.sleep(0)

    asyncio.run(until_taken())
    assert [found.kind for found in backup.held()] == ["daily"]


def test_the_server_makes_its_data_folder_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIM_HOME", str(tmp_path / "fresh"))
    monkeypatch.delenv("CIM_DATABASE_URL", raising=False)
    server.prepare()
    server.prepare()
    assert (tmp_path / "fresh" / "cim.db").exists()
    (tmp_path / "fresh" / "keys" / "kek.key").unlink()
    with pytest.raises(SystemExit, match="key file"):
        server.prepare()
    db.engine().dispose()
