"""Sessions over HTTP: how they start and end, and the requests of other sites and programs that they are not for."""

from collections.abc import Generator
from pathlib import Path

import httpx2
import pytest

from serving import Served, lamina, poster, problem, served

FRIEND = "https://friend.example"  # of cors_origins


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def service(folder: Path) -> Generator[Served]:
    with served(folder, LAMINA_CORS_ORIGINS=FRIEND) as one:
        yield one


@pytest.fixture(scope="module")
def cookie(service: Served) -> str:
    entered = httpx2.get(service.link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/studio")
    return entered.headers["set-cookie"].partition(";")[0]


@pytest.fixture
def visitor(service: Served) -> Generator[httpx2.Client]:
    """Without a key and a cookie."""
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        yield client


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


def upload(client: httpx2.Client, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/files", files={"file": ("a.png", poster())}, headers=named)


def test_a_link_works_once(service: Served, visitor: httpx2.Client, cookie: str) -> None:
    again = visitor.get(service.link)
    assert (again.status_code, again.headers["location"]) == (303, "/studio?link=refused")
    assert "set-cookie" not in again.headers
    signed_in_already = visitor.get(service.link, headers={"Cookie": cookie})
    assert (signed_in_already.status_code, signed_in_already.headers["location"]) == (303, "/studio")
    assert "set-cookie" not in signed_in_already.headers


def test_the_cookie_is_kept_from_scripts_and_other_sites(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        name, *attributes = httpx2.get(one.link).headers["set-cookie"].split("; ")
        assert name.startswith(f"lamina_studio_{port_of(one.url)}=")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
        assert "Secure" not in attributes  # http


def test_a_prefetched_link_stays_good(folder: Path, service: Served, visitor: httpx2.Client) -> None:
    made = lamina(folder, "studio", "--no-browser", LAMINA_PORT=port_of(service.url))
    link = made.stdout.rpartition("Studio")[2].strip()
    assert visitor.get(link, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 404
    assert visitor.head(link).status_code == 405
    problem(visitor.get(f"{link}&to=//evil.example"), 422, "task_invalid")
    entered = visitor.get(f"{link}&to=/studio/s/1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/studio/s/1")


def test_a_session_tells_its_key_and_limits(visitor: httpx2.Client, cookie: str) -> None:
    assert visitor.get("/studio/session").json()["signed_in"] is False
    session = visitor.get("/studio/session", headers={"Cookie": cookie}).json()
    assert session["signed_in"] is session["is_loopback"] is True
    assert session["key"]["name"] == "studio"
    assert session["key"]["scopes"] == ["read", "write"]
    assert session["limits"]["max_upload_bytes"] > 1 << 20


def test_one_signs_in_with_a_key(service: Served, visitor: httpx2.Client) -> None:
    origin = {"Origin": service.url}
    problem(visitor.post("/studio/session", json={"key": "lam_wrong"}, headers=origin), 401, "key_invalid")
    problem(visitor.post("/studio/session", json={"key": ""}, headers=origin), 422, "task_invalid")
    problem(visitor.post("/studio/session", json={}, headers=origin), 422, "task_invalid")
    problem(visitor.post("/studio/session", json={"key": service.key}), 403, "key_forbidden")
    foreign = {"Origin": FRIEND}
    problem(visitor.post("/studio/session", json={"key": service.key}, headers=foreign), 403, "key_forbidden")
    assert not visitor.cookies
    answer = visitor.post("/studio/session", json={"key": service.key}, headers=origin)
    assert (answer.status_code, answer.json()["key"]["name"]) == (200, "first")
    assert visitor.get("/studio/session").json()["signed_in"] is True
    problem(visitor.delete("/studio/session"), 403, "key_forbidden")
    assert visitor.delete("/studio/session", headers=origin).status_code == 204
    assert visitor.get("/studio/session").json()["signed_in"] is False


def test_the_api_takes_the_cookie_from_pages_of_the_studio(
    service: Served, visitor: httpx2.Client, cookie: str
) -> None:
    assert visitor.get("/v1/models", headers={"Cookie": cookie}).status_code == 200
    uploaded = upload(visitor, cookie=cookie, origin=service.url, sec_fetch_site="same-origin")
    assert uploaded.status_code == 201
    again = visitor.get(
        f"/v1/files/{uploaded.json()['id']}", headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    )
    assert again.status_code == 200
    problem(service.client.get(f"/v1/files/{uploaded.json()['id']}"), 404, "not_found")  # of another key
    job = visitor.post(
        "/v1/decompositions", json={"image": f"file:{uploaded.json()['id']}"}, headers={"Cookie": cookie}
    )
    problem(job, 401, "key_invalid")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FRIEND},
        {"origin": FRIEND, "sec_fetch_site": "cross-site"},
        {"origin": "null"},
        {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_the_cookie_is_not_for_other_sites(visitor: httpx2.Client, cookie: str, headers: dict[str, str]) -> None:
    named = {"Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
    problem(visitor.get("/v1/models", headers=named), 401, "key_invalid")
    problem(upload(visitor, cookie=cookie, **headers), 401, "key_invalid")
    assert visitor.get("/studio/session", headers=named).json()["signed_in"] is False


def test_cross_origin_answers_are_not_for_requests_with_cookies(visitor: httpx2.Client, cookie: str) -> None:
    answer = visitor.get("/v1/models", headers={"Cookie": cookie, "Origin": FRIEND})
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "access-control-allow-credentials" not in answer.headers


def test_the_cookie_does_not_change_without_telling_where_from(visitor: httpx2.Client, cookie: str) -> None:
    problem(upload(visitor, cookie=cookie), 401, "key_invalid")
    problem(upload(visitor, cookie=cookie, sec_fetch_site="none"), 401, "key_invalid")


HOSTS = ["evil.example", "127.0.0.1.evil.example", "fal.ai", "192.0.2.1:80", ""]


@pytest.mark.parametrize("host", HOSTS)
def test_foreign_names_get_nothing_of_the_studio(visitor: httpx2.Client, cookie: str, host: str) -> None:
    for path in ("/studio", "/studio/s/1", "/studio/session", "/studio/enter?link=x", "/studio/assets/x/app.js"):
        answer = visitor.get(path, headers={"Host": host, "Cookie": cookie})
        assert answer.status_code == 421
        assert answer.headers["content-type"].startswith("text/plain")
        assert "base_url" in answer.text
    answer = visitor.post("/studio/session", json={"key": "x"}, headers={"Host": host, "Origin": f"http://{host}"})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", HOSTS)
def test_the_cookie_is_not_for_foreign_names_which_keep_working_with_keys(
    service: Served, visitor: httpx2.Client, cookie: str, host: str
) -> None:
    headers = {"Host": host, "Cookie": cookie, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    problem(visitor.get("/v1/models", headers=headers), 401, "key_invalid")
    assert service.client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("POST", "", "/fal/run/fal-ai/qwen-image-layered"),
        ("GET", "", "/fal/queue/fal-ai/qwen-image-layered/requests/x/status"),
        ("POST", "fal.run", "/fal-ai/qwen-image-layered"),
        ("POST", "", "/pixazo/qwen-image/v1/generateMultimodeTextToImageRequest"),
        ("POST", "gateway.pixazo.ai", "/qwen-image/v1/generateMultimodeTextToImageRequest"),
        ("POST", "", "/runware/v1"),
    ],
)
def test_the_vendors_apis_take_no_cookie(
    service: Served, visitor: httpx2.Client, cookie: str, method: str, host: str, path: str
) -> None:
    headers = {
        "Cookie": cookie,
        "Origin": service.url,
        "Sec-Fetch-Site": "same-origin",
        **({"Host": host} if host else {}),
    }
    with_cookie = visitor.request(method, path, headers=headers, json=[{}])
    without = visitor.request(
        method, path, headers={name: headers[name] for name in headers if name != "Cookie"}, json=[{}]
    )
    assert with_cookie.status_code == without.status_code
    assert with_cookie.status_code in (400, 401, 403)
    assert "key" in with_cookie.text.lower() or "auth" in with_cookie.text.lower()


def test_a_key_beside_a_cookie_decides(service: Served, visitor: httpx2.Client, cookie: str) -> None:
    headers = {"Cookie": cookie, "Authorization": "Bearer lam_wrong"}
    problem(visitor.get("/v1/models", headers=headers), 401, "key_invalid")
    as_key = {"Cookie": cookie, "Authorization": f"Bearer {service.key}", "Origin": FRIEND}
    assert visitor.get("/v1/models", headers=as_key).status_code == 200


def test_sessions_survive_a_restart_and_end_with_their_key(tmp_path: Path) -> None:
    with served(tmp_path) as one, httpx2.Client() as client:
        used = one.link
        value = client.get(used).headers["set-cookie"].partition(";")[0].partition("=")[2]
    with served(tmp_path) as one, httpx2.Client(base_url=one.url) as client:
        cookie = {"Cookie": f"lamina_studio_{port_of(one.url)}={value}"}
        assert client.get("/studio/session", headers=cookie).json()["signed_in"] is True
        token = used.rpartition("=")[2]
        assert client.get(f"/studio/enter?link={token}").headers["location"] == "/studio?link=refused"
        assert lamina(tmp_path, "keys", "revoke", "studio").returncode == 0
        assert client.get("/studio/session", headers=cookie).json()["signed_in"] is False
        problem(client.get("/v1/models", headers=cookie), 401, "key_invalid")
        entered = client.get(one.link)  # with a new key
        assert (entered.status_code, entered.headers["location"]) == (303, "/studio")
        assert client.get("/v1/models").status_code == 200


def test_a_server_for_other_machines_has_no_links(tmp_path: Path) -> None:
    with served(tmp_path, "--host", "0.0.0.0", LAMINA_BASE_URL="https://lamina.example") as one:  # noqa: S104
        assert one.link == "https://lamina.example/studio"
        assert httpx2.get(f"{one.url}/studio/enter?link=x").status_code == 404
        with httpx2.Client(base_url=one.url, headers={"Host": "lamina.example"}) as client:
            assert client.get("/studio/session").json()["is_loopback"] is False
            origin = {"Origin": "https://lamina.example"}
            problem(
                client.post("/studio/session", json={"key": one.key}, headers={"Origin": "http://lamina.example"}),
                403, "key_forbidden",
            )  # fmt: skip
            answer = client.post("/studio/session", json={"key": one.key}, headers=origin)
            assert answer.headers["set-cookie"].startswith("lamina_studio_443=")
            assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_files_are_sent_for_ever_by_their_version_compressed_and_no_others(visitor: httpx2.Client) -> None:
    page = visitor.get("/studio", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["cache-control"] == "no-cache"
    assert visitor.get("/studio", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    version = page.text.partition("assets/")[2].partition("/")[0]
    script = visitor.get(f"/studio/assets/{version}/app.js", headers={"Accept-Encoding": "gzip, br"})
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["cross-origin-resource-policy"] == "same-origin"
    plain = visitor.get(f"/studio/assets/{version}/app.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == script.text
    for path in (
        "x/app.js", f"{version}/nothing.js", f"{version}/../sessions.py", f"{version}/%2e%2e/sessions.py",
        f"{version}//etc/passwd", f"{version}/vendor/VENDOR.toml", f"{version}/vendor/licences/htm.txt",
    ):  # fmt: skip
        assert visitor.get(f"/studio/assets/{path}").status_code == 404
