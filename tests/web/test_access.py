"""Who gets in, who does not, and that refusals are kept."""

import asyncio
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from monitor.web.auth import COOKIE

pytestmark = pytest.mark.anyio


async def test_without_a_token_nothing_is_told(desk: Any) -> None:
    async with desk.stranger() as http:
        for path in ("/v1/calls", "/v1/warnings", "/v1/rules", "/v1/stats", "/v1/audits", "/v1/access", "/v1/session"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "ACC-001"), path
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/healthz", "/readyz", "/metrics", "/v1/schema", "/login"):
            assert (await http.get(path)).status_code == 200, path


OTHERS = ["/v1/calls/other-1", "/v1/calls/other-1/events", "/v1/calls/other-1/audio", "/v1/calls/other-1/waveform",
          "/v1/calls?agent_id=b", "/v1/warnings?agent_id=b", "/v1/stats", "/v1/audits", "/v1/access",
          "/agent/b", "/calls/other-1", "/supervisor", "/audit", "/rules"]  # fmt: skip


async def test_an_agent_sees_nothing_of_another(desk: Any, sample: Any, admin: httpx.AsyncClient) -> None:
    """By API, page and socket; refused, and kept in the access log."""
    await desk.play("other-1", sample, "b")
    (warning, *_) = (await admin.get("/v1/warnings", params={"call_id": "other-1"})).json()["warnings"]
    async with desk.http("agent", "a") as http:
        for path in OTHERS:
            answer = await http.get(path)
            assert answer.status_code == 403, path
            assert "other-1" not in answer.text, path
        for action in ("appeal", "review"):
            body = {"verdict": "overturned", "comment": ""}
            answer = await http.post(f"/v1/warnings/{warning['warning_id']}/{action}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "ACC-002")
        assert (await http.get(f"/v1/warnings/{warning['warning_id']}")).status_code == 403
        assert (await http.post("/v1/calls/other-1/notes", json={"text": "hi"})).status_code == 403
        assert (await http.post("/v1/rules/reload")).status_code == 403
        for path in ("/v1/calls", "/v1/warnings"):
            assert "other-1" not in (await http.get(path)).text
    for path in ("/v1/calls/other-1/events", "/v1/agents/b/events", "/v1/events", "/v1/calls/other-1/audio"):
        async with desk.open(path, "agent", "a", agent_id="a") as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert (socket.close_code, socket.close_reason[:7]) == (4403, "ACC-002"), path
    wanted = {("a", what) for what in ("GET /v1/calls/other-1", "WS /v1/agents/b/events", "GET /agent/b")}
    refused: set[tuple[str, str]] = set()
    async with asyncio.timeout(60):  # the log is written beside the answers
        while not wanted <= refused:
            kept = (await admin.get("/v1/access", params={"limit": 200})).json()["entries"]
            refused = {(line["who"], line["target"]) for line in kept if line["code"] == "ACC-002"}


async def test_a_call_that_comes_later_is_not_shown_to_another_agent(desk: Any, sample: Any, take: Any) -> None:
    async with desk.open("/v1/calls/later-1/events", "agent", "a", after=0) as socket:
        async with desk.events("later-1") as own:
            await desk.play("later-1", sample, "b")
            await take(own, kind="call.ended")
        await desk.play("later-2", sample, "a")
        # an event of the agent's own shows that everything before has been through, and nothing came of it
        async with desk.open("/v1/agents/a/events", "agent", "a", after=0) as mine:
            await take(mine, kind="call.ended")
        await socket.close()
        assert [message async for message in socket] == []


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("ingest", set()),
        ("agent", {"/v1/calls", "/v1/warnings", "/v1/rules"}),
        ("supervisor", {"/v1/calls", "/v1/warnings", "/v1/rules", "/v1/stats", "/v1/audits", "/supervisor", "/audit"}),
        ("auditor", {"/v1/calls", "/v1/warnings", "/v1/rules", "/v1/stats", "/v1/audits", "/supervisor", "/audit"}),
        (
            "admin",
            {
                "/v1/calls",
                "/v1/warnings",
                "/v1/rules",
                "/v1/stats",
                "/v1/audits",
                "/supervisor",
                "/audit",
                "/v1/access",
            },
        ),
    ],
)
async def test_every_role_may_what_it_may(desk: Any, role: str, allowed: set[str]) -> None:
    async with desk.http(role, "a" if role == "agent" else "") as http:
        paths = (
            "/v1/calls",
            "/v1/warnings",
            "/v1/rules",
            "/v1/stats",
            "/v1/audits",
            "/v1/access",
            "/supervisor",
            "/audit",
        )
        assert {path for path in paths if (await http.get(path)).status_code == 200} == allowed


async def test_only_those_who_may_review_and_note(desk: Any, sample: Any, admin: httpx.AsyncClient) -> None:
    await desk.play("roles-1", sample, "a1")
    (warning, *_) = (await admin.get("/v1/warnings", params={"call_id": "roles-1"})).json()["warnings"]
    async with desk.http("auditor") as http:
        for action in ("review", "appeal"):
            answer = await http.post(f"/v1/warnings/{warning['warning_id']}/{action}", json={"verdict": "upheld"})
            assert answer.status_code == 403


async def test_an_ingest_token_for_one_agent_sends_no_other(desk: Any) -> None:
    url = "/v1/calls/bound-1/audio"
    async with desk.open(url, "ingest", "a1", agent_id="a2") as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4403


async def test_a_socket_takes_its_token_from_the_address(desk: Any) -> None:
    from websockets.asyncio.client import connect

    base = f"ws{desk.url[4:]}/v1/events"
    async with connect(f"{base}?token={desk.token('supervisor')}&heartbeat=1") as socket:
        assert "heartbeat" in str(await socket.recv())
    for bad in ("", "?token=cm_wrong"):
        async with connect(base + bad) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 4401


async def test_signing_in_and_out(serve: Any) -> None:
    desk = serve()
    async with desk.stranger() as http:
        answer = await http.post("/v1/session", json={"token": f" {desk.token('agent', 'a1')}\n"})
        assert answer.status_code == 200
        assert answer.json() == {"role": "agent", "agent_id": "a1", "name": "", "expires_at": None, "home": "/agent/a1"}
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in (COOKIE, "HttpOnly", "SameSite=lax", "Max-Age=43200", "Path=/"))
        assert (await http.get("/v1/session")).json()["agent_id"] == "a1"
        assert (await http.get("/agent/a1")).status_code == 200
        assert (await http.get("/")).headers["location"] == "/agent/a1"
        kept = http.cookies[COOKIE]
        assert (await http.delete("/v1/session")).status_code == 204
        assert (await http.get("/v1/session")).status_code == 401
        http.cookies.set(COOKIE, kept)  # the cookie itself is worth nothing any more
        assert (await http.get("/v1/session")).status_code == 401


async def test_a_page_with_a_token_signs_in_and_loses_it(serve: Any) -> None:
    desk = serve()
    async with desk.stranger() as http:
        answer = await http.get("/supervisor", params={"token": desk.token("supervisor"), "team": "北京"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/supervisor?team=%E5%8C%97%E4%BA%AC"
        assert (await http.get(answer.headers["location"])).status_code == 200
        embedded = await http.get("/agent/a1", params={"token": desk.token("agent", "a1"), "embed": "1"})
        assert embedded.status_code == 200
        assert "set-cookie" not in embedded.headers


async def test_pages_send_strangers_to_sign_in(desk: Any) -> None:
    async with desk.stranger() as http:
        answer = await http.get("/agent/a1")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2Fagent%2Fa1")


async def test_a_cookie_is_not_taken_from_another_origins_page(serve: Any) -> None:
    desk = serve(access={"origins": ["https://crm.example"]})
    async with desk.stranger() as http:
        await http.post("/v1/session", json={"token": desk.token("supervisor")})
        for origin, status in (("https://evil.example", 403), ("https://crm.example", 200), (desk.url, 200)):
            answer = await http.post("/v1/rules/reload", headers={"Origin": origin})
            assert answer.status_code == status, answer.text
        from websockets.asyncio.client import connect

        cookie = {"Cookie": f"{COOKIE}={http.cookies[COOKIE]}"}
        async with connect(
            f"ws{desk.url[4:]}/v1/events", additional_headers=cookie, origin="https://evil.example"
        ) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert (socket.close_code, socket.close_reason[:7]) == (4403, "ACC-005")
        answer = await http.options(
            "/v1/calls", headers={"Origin": "https://crm.example", "Access-Control-Request-Method": "GET"}
        )
        assert answer.headers["access-control-allow-origin"] == "https://crm.example"
        answer = await http.get("/v1/calls", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


async def test_wrong_tokens_are_slowed_and_right_ones_known_before_are_not(serve: Any) -> None:
    desk = serve()
    desk.stop_throttles_clock()
    async with desk.stranger() as http:
        known = {"Authorization": f"Bearer {desk.token('supervisor')}"}
        assert (await http.get("/v1/calls", headers=known)).status_code == 200
        codes = [(await http.post("/v1/session", json={"token": f"cm_{n}"})).status_code for n in range(20)]
        assert codes == [401] * 6 + [429] * 14
        answer = await http.post("/v1/session", json={"token": desk.token("admin")})
        assert (answer.status_code, answer.json()["code"]) == (429, "ACC-003")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await http.get("/v1/calls", headers=known)).status_code == 200
        fresh = {"Authorization": f"Bearer {desk.token('auditor')}"}
        assert (await http.get("/v1/calls", headers=fresh)).status_code == 429


async def test_every_answer_carries_the_headers(desk: Any) -> None:
    async with desk.stranger() as http:
        for path in ("/login", "/static/main.js", "/v1/calls", "/nowhere", "/metrics"):
            headers = (await http.get(path)).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'self'; ")
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


async def test_frames_are_for_whom_the_operator_names(serve: Any) -> None:
    desk = serve(access={"frames": ["https://crm.example"]})
    async with desk.stranger() as http:
        assert (
            "frame-ancestors 'self' https://crm.example"
            in (await http.get("/login")).headers["content-security-policy"]
        )
