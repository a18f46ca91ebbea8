from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from regshape.errors import (
    AuthError,
    DeniedError,
    FileError,
    NameUnknownError,
    RegistryConnectionError,
    RegistryError,
    TooManyRequestsError,
    UsageError,
)
from regshape.protocols.ori.client import OriClient, OriConfig
from regshape.protocols.ori.client.locking import lock_file, locked, missing
from regshape.protocols.ori.models import Advisory
from regshape.protocols.ori.package import PackageError, check, read_manifest
from regshape.protocols.ori.reference import Reference, ReferenceOptions
from regshape.protocols.ori.toml_files import Lock
from tests.conftest import Serve
from tests.protocols.ori.archives import manifest, packed, project
from tests.protocols.ori.client.liar import Liar
from tests.protocols.ori.registries import GRANTS

NAME = "@acme/json"
ADVISORIES = [Advisory(id=f"ORI-{number}", modified="2026-01-01T00:00:00Z") for number in range(5)]


def registry(**more: object) -> Liar:
    options = {"tokens": GRANTS, "authenticated_limit": 10**6, "anonymous_limit": 10**6}
    return Liar(Reference(ReferenceOptions(**{**options, **more})))  # type: ignore[arg-type]


def client(liar: Liar, token: str | None = "alice") -> OriClient:  # noqa: S107
    return OriClient(OriConfig("http://registry", token, inner=liar))


async def test_what_was_published_is_listed_told_found_and_downloaded(tmp_path: Path) -> None:
    async with client(registry()) as alice:
        for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"):
            await alice.publish(packed(NAME, version))
        rows = await alice.versions(NAME)
        assert [row.version for row in rows] == ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0"]
        assert await alice.newest(NAME) == "1.10.0"
        assert (await alice.metadata(NAME, "1.9.0")).description == "Reads it"
        assert [hit.name async for hit in alice.search("jso")] == [NAME]
        done = await alice.download(NAME, "1.9.0", tmp_path / "a")
        assert check((tmp_path / "a").read_bytes()).version == "1.9.0"
        assert done.vouched.index == 2


async def test_over_a_socket_too(tmp_path: Path, serve: Serve) -> None:
    async with (
        serve(registry().honest.app) as url,
        OriClient(OriConfig(url, "alice", memory=tmp_path / "log.json")) as alice,
    ):
        await alice.publish(packed(NAME))
        await alice.download(NAME, "1.0.0", tmp_path / "a")
        await alice.log.witness()
    assert (tmp_path / "a").read_bytes() == packed(NAME)


async def test_yanked_versions_are_not_the_newest_and_come_back() -> None:
    async with client(registry()) as alice:
        await alice.publish(packed(NAME, "1.0.0"))
        await alice.publish(packed(NAME, "1.1.0"))
        await alice.yank(NAME, "1.1.0")
        assert await alice.newest(NAME) == "1.0.0"
        await alice.yank(NAME, "1.0.0")
        with pytest.raises(RegistryError, match="no version that is not yanked"):
            await alice.newest(NAME)
        await alice.unyank(NAME, "1.1.0")
        assert await alice.newest(NAME) == "1.1.0"


async def test_a_deprecation_is_told() -> None:
    async with client(registry()) as alice:
        await alice.publish(packed(NAME))
        await alice.deprecate(NAME, "1.0.0", "Use 2.x")
        found = (await alice.metadata(NAME, "1.0.0")).deprecated
    assert found is not None
    assert found.message == "Use 2.x"


async def test_a_transfer_takes_both_parties() -> None:
    liar = registry()
    async with client(liar) as alice, client(liar, "bob") as bob:
        await alice.publish(packed(NAME))
        await alice.offer(NAME, "bob")
        waiting = await alice.owners(NAME)
        assert waiting.owners == ["alice"]
        assert waiting.transfer is not None
        await alice.cancel(NAME)
        with pytest.raises(DeniedError):
            await bob.accept(NAME)
        await alice.offer(NAME, "bob")
        await bob.accept(NAME)
        assert (await bob.owners(NAME)).owners == ["bob"]
        with pytest.raises(DeniedError):
            await alice.yank(NAME, "1.0.0")


async def test_lists_are_read_to_their_last_page() -> None:
    async with client(registry(page_limit=2, advisories=ADVISORIES)) as alice:
        for minor in range(5):
            await alice.publish(packed(NAME, f"1.{minor}.0"))
            await alice.publish(packed(f"@acme/json-{minor}"))
        assert len(await alice.versions(NAME)) == 5
        assert len([hit async for hit in alice.search("json")]) == 6
        assert [item.id for item in await alice.advisories()] == [item.id for item in ADVISORIES]


@pytest.mark.parametrize(
    ("token", "kind", "status"),
    [
        (None, AuthError, 401),
        ("nobody", AuthError, 401),
        ("alice-read", DeniedError, 403),
        ("bob", DeniedError, 403),
    ],
)
async def test_who_may_not_publish_is_told_so(
    token: str | None, kind: type[AuthError | RegistryError], status: int
) -> None:
    liar = registry()
    async with client(liar) as alice:
        await alice.publish(packed(NAME))
    async with client(liar, token) as other:
        with pytest.raises(kind, match=rf"publish @acme/json@1\.1\.0: .* {status} ") as refused:
            await other.publish(packed(NAME, "1.1.0"))
    assert refused.value.status_code == status


async def test_what_is_there_already_is_not_published_again() -> None:
    async with client(registry()) as alice:
        await alice.publish(packed(NAME))
        with pytest.raises(RegistryError, match="VERSION_EXISTS") as refused:
            await alice.publish(packed(NAME))
        assert refused.value.status_code == 409


async def test_what_is_no_package_is_not_sent() -> None:
    liar = registry()
    async with client(liar) as alice:
        with pytest.raises(PackageError):
            await alice.publish(b"nothing")
    assert liar.seen == []


async def test_a_rehearsal_finds_what_a_publish_would_and_sends_nothing() -> None:
    liar = registry()
    needing = project("@acme/two") | {
        "oripk.toml": manifest("@acme/two", more=f'[dependencies]\n"{NAME}" = "1.0.0"\n')
    }
    async with client(liar) as alice:
        await alice.publish(packed(NAME))
        liar.seen.clear()
        with pytest.raises(RegistryError, match="there already"):
            await alice.rehearse(packed(NAME))
        assert (await alice.rehearse(packed(NAME, "1.1.0"))).version == "1.1.0"
        wrong = Lock(checksums={f"{NAME}:1.0.0": f"sha256:{'0' * 64}"})
        with pytest.raises(RegistryError, match="is locked to sha256:000"):
            await alice.rehearse(_with_lock(needing, wrong))
        right = await locked(read_manifest(needing["oripk.toml"]), alice)
        assert (await alice.rehearse(_with_lock(needing, right))).lock == right
    async with client(liar, None) as nobody:
        with pytest.raises(AuthError, match="no token for http://registry"):
            await nobody.rehearse(packed(NAME, "1.1.0"))
    assert {request.method for request in liar.seen} == {"GET"}


def _with_lock(files: dict[str, bytes], lock: Lock) -> bytes:
    from regshape.protocols.ori.package import build  # noqa: PLC0415

    return build(files | {"oripk.lock": lock_file(lock)})


async def test_a_lock_covers_what_dependencies_need_in_turn() -> None:
    async with client(registry()) as alice:
        await alice.publish(packed("@acme/a"))
        needs = read_manifest(manifest("@acme/b", more='[dependencies]\n"@acme/a" = "1.0.0"\n'))
        lock = await locked(needs, alice)
        files = project("@acme/b", more='[dependencies]\n"@acme/a" = "1.0.0"\n')
        await alice.publish(_with_lock(files, lock))
        top = read_manifest(
            manifest("@acme/c", more='[dependencies]\n"@acme/b" = "1.0.0"\n"std.io" = "bundled"\n')
        )
        assert missing(top, Lock()) == ["@acme/b:1.0.0"]
        found = await locked(top, alice)
    assert sorted(found.checksums) == ["@acme/a:1.0.0", "@acme/b:1.0.0"]
    assert missing(top, found) == []


# where the token goes


async def test_a_redirect_to_another_host_is_followed_without_the_token(tmp_path: Path) -> None:
    liar = registry()
    async with client(liar) as alice:
        await alice.publish(packed(NAME))
        path = "/v1/packages/acme/json/1.0.0/download"
        liar.moved["/download"] = f"http://mirror{path}"
        liar.seen.clear()
        await alice.download(NAME, "1.0.0", tmp_path / "a")
    sent = {(item.url.host, "authorization" in item.headers) for item in liar.seen}
    assert sent == {("registry", True), ("mirror", False)}


async def test_a_publish_is_not_redirected() -> None:
    liar = registry()
    liar.moved["/publish"] = "http://mirror/v1/packages/acme/json/publish"
    async with client(liar) as alice:
        with pytest.raises(RegistryError, match="302"):
            await alice.publish(packed(NAME))
    assert [item.url.host for item in liar.seen] == ["registry"]


async def test_redirects_in_a_circle_end() -> None:
    liar = registry()
    liar.moved["/versions"] = "/v1/packages/acme/json/versions"
    async with client(liar) as alice:
        with pytest.raises(RegistryError, match="more than 5 redirects"):
            await alice.versions(NAME)


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "ä", ""])
async def test_a_token_that_none_can_be_is_not_sent_and_not_said(token: str) -> None:
    with pytest.raises(UsageError) as refused:
        async with client(registry(), token):
            pass
    assert not token or token not in str(refused.value)


def test_a_config_does_not_show_its_token() -> None:
    assert "secret" not in repr(OriConfig("http://registry", "secret"))


# what goes wrong


async def test_names_that_none_can_be_are_not_asked_for() -> None:
    liar = registry()
    async with client(liar) as alice:
        for name in ("json", "@acme", "@acme/../x", "@Acme/json", f"@acme/{'a' * 64}"):
            with pytest.raises(UsageError):
                await alice.versions(name)
        with pytest.raises(UsageError):
            await alice.metadata(NAME, "1.0")
    assert liar.seen == []


async def test_what_is_not_there_is_told_from_other_refusals(tmp_path: Path) -> None:
    async with client(registry()) as alice:
        with pytest.raises(NameUnknownError, match="PACKAGE_UNKNOWN"):
            await alice.versions(NAME)
        await alice.publish(packed(NAME))
        with pytest.raises(NameUnknownError, match="VERSION_UNKNOWN"):
            await alice.download(NAME, "9.9.9", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_rate_that_will_not_be_over_soon_is_told() -> None:
    async with client(registry(anonymous_limit=1, window=3600.0), None) as nobody:
        await nobody.advisories()
        with pytest.raises(TooManyRequestsError, match=r"RATE_LIMITED.*try again in \d+ s"):
            await nobody.advisories()


async def test_a_rate_that_is_soon_over_is_waited_for() -> None:
    async with client(registry(anonymous_limit=1, window=1.0), None) as nobody:
        for _ in range(2):
            assert await nobody.advisories() == []


async def test_a_registry_that_is_not_there_is_told() -> None:
    async with OriClient(OriConfig("http://127.0.0.1:1")) as nobody:
        with pytest.raises(RegistryConnectionError, match="list versions of @acme/json: "):
            await nobody.versions(NAME)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with client(registry()) as alice:
        await alice.publish(packed(NAME))
        with pytest.raises(FileError, match="cannot be written"):
            await alice.download(NAME, "1.0.0", tmp_path / "none" / "a")


async def test_pages_that_lead_elsewhere_are_refused() -> None:
    class Elsewhere(httpx.AsyncBaseTransport):
        link = "http://other/v1/advisories"

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            headers = {"Link": f'<{self.link}>; rel="next"'}
            return httpx.Response(200, headers=headers, content=b'{"advisories": []}')

    inner = Elsewhere()
    async with OriClient(OriConfig("http://registry", inner=inner)) as nobody:
        with pytest.raises(RegistryError, match="on another host: http://other"):
            await nobody.advisories()
        inner.link = "/v1/advisories"
        with pytest.raises(RegistryError, match="in a circle"):
            await nobody.advisories()


async def test_a_client_is_used_in_async_with() -> None:
    with pytest.raises(UsageError, match="async with"):
        await client(registry()).advisories()
