"""A registry that lies is refused in one line, and nothing is left behind (ORI-55, ORI-56)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regshape.errors import DigestInvalidError, LogError, LogForkError, RegistryError
from regshape.formats.digest import compute
from regshape.formats.notes import Checkpoint, Signer, new_signer, sign
from regshape.protocols.ori.client import OriClient, OriConfig
from regshape.protocols.ori.client.log_memory import LogMemory
from regshape.protocols.ori.models import log_record
from regshape.protocols.ori.reference import Reference, ReferenceOptions
from tests.protocols.ori.archives import packed
from tests.protocols.ori.client.liar import Liar
from tests.protocols.ori.registries import ALICE, GRANTS

NAME, VERSION = "@acme/json", "1.0.0"
SEED = bytes(range(32))
OPTIONS = ReferenceOptions(
    tokens=GRANTS, seed=SEED, authenticated_limit=10**6, anonymous_limit=10**6
)
SIGNER = Signer(OPTIONS.origin, SEED)


def client(liar: Liar, memory: Path | None, key: str | None = None) -> OriClient:
    config = OriConfig("http://registry", ALICE, log_key=key, memory=memory, inner=liar)
    return OriClient(config)


async def filled(*versions: str, name: str = NAME) -> Liar:
    """Return an honest registry with some versions in it, behind who may lie."""
    liar = Liar(Reference(OPTIONS))
    async with client(liar, None) as registry:
        for version in versions:
            await registry.publish(packed(name, version))
    return liar


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def lie(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    return lie


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def other_checksum(content: bytes) -> bytes:
    document = json.loads(content)
    document["checksum"] = f"sha256:{'0' * 64}"
    return json.dumps(document).encode()


async def test_an_honest_registry_is_believed(tmp_path: Path) -> None:
    liar = await filled(VERSION, "1.1.0")
    path, memory = tmp_path / "a.oripk", tmp_path / "log.json"
    async with client(liar, memory) as registry:
        done = await registry.download(NAME, VERSION, path)
    assert path.read_bytes() == packed(NAME, VERSION)
    assert (done.vouched.index, done.vouched.seen.now.checkpoint.size) == (0, 2)
    assert done.vouched.seen.is_key_new
    assert left_in(tmp_path) == {"a.oripk", "log.json"}


@pytest.mark.parametrize(
    ("where", "lie", "kind", "said"),
    [
        ("download", flipped, DigestInvalidError, "the bytes have the checksum sha256:"),
        ("download", lambda content: content[:-1], DigestInvalidError, "the bytes have"),
        ("download", lambda _: b"x" * (10 * 1024 * 1024 + 1), RegistryError, "is longer than"),
        ("metadata", other_checksum, DigestInvalidError, "the bytes have the checksum"),
        ("metadata", changed(b'"1.0.0"', b'"1.1.0"'), RegistryError, "those of @acme/json@1.1.0"),
        ("metadata", lambda _: b"[]", RegistryError, "the answer is no Metadata"),
        ("lookup", changed(b"sha256:", b"sha256:0"), LogError, "and not the checksum sha256:"),
        ("lookup", changed(b"json 1.0.0", b"json 1.0.1"), LogError, "it has '@acme/json 1.0.1"),
        ("lookup", changed(b"0\n@", b"1\n@"), LogError, "does not lead from entry 1"),
        ("lookup", changed(b"0\n@", b"9\n@"), LogError, "entry 9 is not in its checkpoint of 3"),
        ("lookup", changed(b"\n3\n", b"\n4\n"), LogError, "is not of this text"),
        ("lookup", lambda content: content[:40], LogError, "no index, record and checkpoint"),
        ("lookup", lambda content: content + b"\xff", LogError, "not UTF-8"),
        ("tile/0/", lambda content: content[:-32], LogError, "has 64 bytes, not 96"),
        ("tile/0/", lambda content: content[:-1], LogError, "has 95 bytes, not 96"),
        (
            "tile/0/",
            lambda content: content[:32] + content[:32] + content[64:],
            LogError,
            "does not lead from entry 0",
        ),
        ("log/key", lambda _: b"nonsense", LogError, "the log's key is none"),
        (
            "log/key",
            lambda _: str(new_signer("ori.localhost").verifier).encode(),
            LogError,
            "nobody who is trusted has signed",
        ),
    ],
)
async def test_a_lie_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, where: str, lie: Callable[[bytes], bytes], kind: type[Exception], said: str
) -> None:
    liar = await filled(VERSION, "1.1.0", "1.2.0")
    liar.lies[where] = lie
    async with client(liar, tmp_path / "log.json") as registry:
        with pytest.raises(kind) as refused:
            await registry.download(NAME, VERSION, tmp_path / "a.oripk")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert left_in(tmp_path) == set()


async def test_bytes_and_metadata_that_lie_together_are_refused_by_the_log(tmp_path: Path) -> None:
    liar = await filled(VERSION)
    evil = packed(NAME, VERSION, more="[features]\nevil = []\n")
    liar.lies["download"] = lambda _: evil
    liar.lies["metadata"] = lambda content: json.dumps(
        json.loads(content) | {"checksum": compute(evil)}
    ).encode()
    async with client(liar, tmp_path / "log.json") as registry:
        with pytest.raises(LogError, match="and not the checksum"):
            await registry.download(NAME, VERSION, tmp_path / "a.oripk")
    assert left_in(tmp_path) == set()


async def test_a_log_with_another_history_is_refused_and_both_checkpoints_kept(
    tmp_path: Path,
) -> None:
    memory = tmp_path / "log.json"
    one, two = await filled("1.0.0", "1.1.0"), await filled("1.0.0", "2.0.0", "1.1.0")
    async with client(one, memory) as registry:
        kept = (await registry.log.witness()).now.note
    before = memory.read_bytes()
    async with client(two, memory) as registry:
        with pytest.raises(LogForkError) as refused:
            await registry.download(NAME, VERSION, tmp_path / "a.oripk")
    assert "the log's 3 entries do not begin with the 2 seen before" in str(refused.value)
    (evidence,) = left_in(tmp_path) - {"log.json"}
    assert evidence in str(refused.value)
    both = json.loads((tmp_path / evidence).read_text())
    assert both == {"kept": kept, "seen": refused.value.seen}
    assert memory.read_bytes() == before


async def test_two_logs_of_one_size_are_two_histories(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    for liar, forked in ((await filled("1.0.0"), False), (await filled("2.0.0"), True)):
        async with client(liar, memory) as registry:
            if forked:
                with pytest.raises(LogForkError):
                    await registry.log.witness()
            else:
                await registry.log.witness()


async def test_a_log_that_goes_back_is_refused(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0")
    async with client(liar, memory) as registry:
        stale = (await registry.log.witness()).now.note.encode()
        await registry.publish(packed(NAME, "1.1.0"))
        liar.lies["checkpoint"] = lambda _: stale
        with pytest.raises(LogForkError, match="went back from 2 entries to 1"):
            await registry.log.witness()
        liar.lies["lookup"] = lambda content: content.partition(b"\n\n")[0] + b"\n\n" + stale
        with pytest.raises(LogForkError, match="went back from 2 entries to 1"):
            await registry.download(NAME, VERSION, tmp_path / "a.oripk")
    assert "a.oripk" not in left_in(tmp_path)


async def test_a_log_that_goes_on_is_believed_and_remembered(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0")
    sizes = []
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        async with client(liar, memory) as registry:
            seen = await registry.log.witness()
            sizes.append((seen.before and seen.before.checkpoint.size, seen.now.checkpoint.size))
            await registry.publish(packed(NAME, version))
    assert sizes == [(None, 1), (2, 2), (3, 3)]


async def test_tiles_that_do_not_fit_a_longer_log_are_no_fork_but_refused(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0", "1.1.0")
    async with client(liar, memory) as registry:
        await registry.log.witness()
    async with client(liar, None) as registry:
        await registry.publish(packed(NAME, "1.2.0"))
    before = memory.read_bytes()
    liar.lies["tile/0/"] = flipped
    async with client(liar, memory) as registry:
        with pytest.raises(LogError, match="tiles do not hash to its checkpoint of 3") as refused:
            await registry.log.witness()
    assert not isinstance(refused.value, LogForkError)
    assert (left_in(tmp_path), memory.read_bytes()) == ({"log.json"}, before)


async def test_a_key_that_changes_is_refused_until_somebody_names_it(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0")
    async with client(liar, memory) as registry:
        await registry.log.witness()
    signer = new_signer("ori.localhost")
    liar.honest.log.signer = signer
    liar.honest.log._checkpoint = None
    async with client(liar, memory) as registry:
        with pytest.raises(LogError, match=r"trusted key: ori\.localhost"):
            await registry.log.witness()
    async with client(liar, memory, str(signer.verifier)) as registry:
        await registry.log.witness()
    remembered = LogMemory(memory).read()
    assert remembered is not None
    assert remembered.key == str(signer.verifier)


async def test_the_key_that_was_named_is_asked_of_nobody(tmp_path: Path) -> None:
    liar = await filled("1.0.0")
    liar.seen.clear()
    async with client(liar, tmp_path / "log.json", str(SIGNER.verifier)) as registry:
        assert not (await registry.log.witness()).is_key_new
    assert [request.url.path for request in liar.seen] == ["/v1/log/checkpoint"]


async def test_a_registry_that_shows_no_key_needs_one_to_be_named(tmp_path: Path) -> None:
    liar = await filled("1.0.0")
    liar.gone.add("log/key")
    async with client(liar, tmp_path / "log.json") as registry:
        with pytest.raises(LogError, match="give --log-key"):
            await registry.download(NAME, VERSION, tmp_path / "a.oripk")
    assert left_in(tmp_path) == set()


async def test_a_checkpoint_of_another_log_is_refused(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0")
    async with client(liar, memory) as registry:
        seen = (await registry.log.witness()).now.checkpoint
    other = sign(Checkpoint("other.example", seen.size, seen.root).text(), SIGNER).encode()
    liar.lies["checkpoint"] = lambda _: other
    async with client(liar, memory) as registry:
        with pytest.raises(LogError, match=r"that of 'other\.example', not of 'ori\.localhost'"):
            await registry.log.witness()


async def test_who_was_overtaken_by_another_process_keeps_what_is_newer(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    liar = await filled("1.0.0")
    async with client(liar, memory) as slow, client(liar, memory) as fast:
        trust = await slow.log._trust()
        older = (await slow._way.get("/v1/log/checkpoint", "")).answer.decode()
        await fast.publish(packed(NAME, "1.1.0"))
        await slow.log._remembered(trust, trust.signed(older))
        assert (await fast.log.witness()).before is not None
    remembered = LogMemory(memory).read()
    assert remembered is not None
    assert remembered.checkpoint.split("\n")[1] == "2"


async def test_two_processes_that_see_two_logs_do_not_both_go_on(tmp_path: Path) -> None:
    memory = tmp_path / "log.json"
    one, two = await filled("1.0.0"), await filled("2.0.0", "2.1.0")
    async with client(one, memory) as slow, client(two, memory) as fast:
        trust = await slow.log._trust()
        older = (await slow._way.get("/v1/log/checkpoint", "")).answer.decode()
        await fast.log.witness()
        with pytest.raises(LogError, match="has no tile"):
            await slow.log._remembered(trust, trust.signed(older))


async def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one() -> None:
    liar = Liar(Reference(OPTIONS))
    log = liar.honest.log
    records = [log_record(NAME, f"1.{minor}.0", f"sha256:{minor:064x}") for minor in range(300)]
    for record in records[:200]:
        log.append(record)
    early = log.checkpoint().encode()
    for record in records[200:]:
        log.append(record)
    liar.lies["checkpoint"] = lambda _: early
    liar.gone.add(".p/")
    async with client(liar, None) as registry:
        seen = await registry.log.witness()
        assert len(await registry.log.entries(seen.now.checkpoint)) == 200
        del liar.lies["checkpoint"]
        liar.gone.clear()
        assert (await registry.log.witness()).now.checkpoint.size == 300


# the whole log


async def test_the_whole_log_is_read_and_hashed() -> None:
    liar = await filled("1.0.0", "1.1.0")
    async with client(liar, None) as registry:
        seen = await registry.log.witness()
        records = await registry.log.entries(seen.now.checkpoint)
    assert [record.split(" ")[1] for record in records] == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (changed(b" 1.1.0 ", b" 1.1.1 "), "do not hash to its checkpoint"),
        (changed(b" 1.1.0 ", b" 1.0.0 "), "in entry 1, and before in 0"),
        (changed(b"@acme/json 1.1.0", b"?acme/json 1.1.0"), "entry 1 is no record"),
        (lambda content: content[:-1], "ends inside entry 1"),
        (lambda content: content[: len(content) // 2], "has 1 entries, not 2"),
    ],
)
async def test_entries_that_are_not_the_logs_are_refused(
    lie: Callable[[bytes], bytes], said: str
) -> None:
    liar = await filled("1.0.0", "1.1.0")
    liar.lies["tile/entries"] = lie
    async with client(liar, None) as registry:
        seen = await registry.log.witness()
        with pytest.raises(LogError, match=said):
            await registry.log.entries(seen.now.checkpoint)


async def test_a_publish_that_the_log_does_not_have_is_told() -> None:
    liar = await filled("1.0.0")
    liar.lies["lookup"] = changed(b"1.1.0", b"1.0.0")
    async with client(liar, None) as registry:
        with pytest.raises(LogError, match=r"look @acme/json@1\.1\.0 up in the log"):
            await registry.publish(packed(NAME, "1.1.0"))
