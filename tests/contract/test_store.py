"""What every store does: one suite for the one on disk and the one in memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import stat
import zipfile
from contextlib import asynccontextmanager

import msgspec
import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import CorruptBlob, InvalidZip, RequestError, StoreError
from jupyter_lambda.model.function import Alias, Configuration, Function, PythonEnvironment, Version
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.model.logs import LogQuery, StreamFacts
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.model.resources import CodeSigningConfig, LayerVersion
from jupyter_lambda.model.saved_event import SavedTestEvent
from jupyter_lambda.store import open_store
from jupyter_lambda.store.protocol import (
    AddPoint,
    Contents,
    DeleteAlias,
    DeleteDelivery,
    DeleteEvent,
    DeleteFunction,
    DeleteResource,
    DeleteVersion,
    Delivery,
    PutAlias,
    PutDelivery,
    PutEvent,
    PutFunction,
    PutResource,
    PutVersion,
    QueuedEvent,
)
from jupyter_lambda.telemetry.metrics import summarise
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.store import MemoryStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class _Clock(ManualClock):
    """The wall clock stands still, waiting doesn't: the disk store's background goes on by itself."""

    sleep = SystemClock.sleep


@pytest.fixture
def clock():
    return _Clock()


@asynccontextmanager
async def _opened(kind, folder, clock):
    store = await open_store(folder / "home", clock=clock) if kind == "sqlite" else MemoryStore(folder, clock)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture(params=["sqlite", "memory"])
async def store(request, tmp_path, clock):
    async with _opened(request.param, tmp_path, clock) as opened:
        yield opened


def version(name="resize", number="$LATEST", **members):
    settings = {
        "configuration": Configuration(memory_mib=512, environment={"A": "ä"}, layers=("l",)),
        "package_sha256": "a" * 64,
        "package_bytes": 7,
        "content_digest": "d",
        "revision_id": "r",
        "last_modified": "2026-11-25T10:00:00.000+0000",
        "python": PythonEnvironment(
            executable="/p/bin/python", prefix="/p", base_prefix="/b", version="3.11.7", sys_path=("/x",)
        ),
        "manifest": {"captured": [{"name": "model", "bytes": 12}]},
        "source": "def handler(event, context):\n    return '→'\n",
    }
    return Version(function_name=name, version=number, **{**settings, **members})


def function(name="resize", **members):
    return Function(name=name, latest=version(name), created="2026-11-25T10:00:00.000+0000", **members)


def event(request_id="e1", name="resize", **members):
    settings = {"qualifier": "prod", "payload": b'{"n": 1}\xff', "accepted": 10.0, "due": 11.0, "trace_id": "t"}
    return QueuedEvent(request_id=request_id, function_name=name, **{**settings, **members})


def delivery(delivery_id="d1", name="resize", **members):
    settings = {"target": "arn:aws:sqs:us-east-1:000000000000:q", "body": b'{"n": 1}\xff', "accepted": 1.0}
    return Delivery(delivery_id=delivery_id, function_name=name, **{**settings, **members})


def record(request_id="r1", name="resize", **members):
    settings = {"version": "3", "arrived": 100.0, "duration_ms": 12.5, "billed_ms": 13, "memory_mib": 128, "max_memory_mib": 40}
    return InvocationRecord(request_id=request_id, function_name=name, **{**settings, **members})


def package(**files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(f"{name}.py", text)
    data = archive.getvalue()
    return data, hashlib.sha256(data).hexdigest()


# -- commit and load ---------------------------------------------------------------------------------------------------------


async def test_is_empty_at_first(store):
    assert await store.load() == Contents(functions=(), versions=(), aliases=(), events=())


async def test_loads_what_was_committed(store):
    alias = Alias(function_name="resize", name="prod", version="3", additional_version="4", additional_weight=0.1)
    reserved = function(last_version=4, reserved_concurrency=0, notebook="a.ipynb")

    await store.commit([PutFunction(reserved), PutVersion(version(number="3")), PutAlias(alias), PutEvent(event())])

    assert await store.load() == Contents(
        functions=(reserved,), versions=(version(number="3"),), aliases=(alias,), events=(event(),)
    )


async def test_a_later_put_replaces_an_earlier_one(store):
    await store.commit([PutFunction(function()), PutEvent(event())])
    await store.commit([PutFunction(function(last_version=2)), PutEvent(event(attempt=1, due=71.0))])

    loaded = await store.load()
    assert loaded.functions == (function(last_version=2),)
    assert loaded.events == (event(attempt=1, due=71.0),)


async def test_deliveries_are_kept_until_they_are_deleted(store):
    later = delivery("a", accepted=2.0, attributes={"ErrorCode": "200"}, dead_letter=True)
    await store.commit([PutDelivery(later), PutDelivery(delivery("b")), PutDelivery(delivery("c", accepted=3.0))])
    assert [one.delivery_id for one in (await store.load()).deliveries] == ["b", "a", "c"]

    failed = delivery("b", failure="no such queue", ended=5.0)
    await store.commit([PutDelivery(failed), DeleteDelivery("c"), DeleteDelivery("never")])
    assert (await store.load()).deliveries == (failed, later)


async def test_a_functions_messages_outlive_it(store):
    await store.commit([PutFunction(function()), PutDelivery(delivery("a"))])
    await store.commit([DeleteFunction("resize")])
    assert (await store.load()).deliveries == (delivery("a"),)


async def test_versions_come_in_the_order_of_their_numbers(store):
    await store.commit([PutVersion(version(number=n)) for n in ("10", "9", "1")])

    assert [v.version for v in (await store.load()).versions] == ["1", "9", "10"]


async def test_events_come_in_the_order_in_which_they_were_accepted(store):
    await store.commit(
        [PutEvent(event("b", accepted=2.0)), PutEvent(event("a", accepted=3.0)), PutEvent(event("c", accepted=1.0))]
    )

    assert [e.request_id for e in (await store.load()).events] == ["c", "b", "a"]


async def test_deletes_what_it_is_told_to(store):
    aliases = [Alias(function_name="resize", name=name, version="1") for name in ("prod", "test")]
    await store.commit([PutFunction(function()), PutVersion(version(number="1")), PutVersion(version(number="2"))])
    await store.commit([*map(PutAlias, aliases), PutEvent(event("a")), PutEvent(event("b"))])

    await store.commit([DeleteVersion("resize", "1"), DeleteAlias("resize", "test"), DeleteEvent("a")])

    loaded = await store.load()
    assert [v.version for v in loaded.versions] == ["2"]
    assert loaded.aliases == (aliases[0],)
    assert loaded.events == (event("b"),)


async def test_deleting_a_function_takes_all_that_belongs_to_it_but_its_history(store):
    for name in ("resize", "other"):
        alias = Alias(function_name=name, name="prod", version="1")
        changes = [PutFunction(function(name)), PutVersion(version(name, "1")), PutAlias(alias), PutEvent(event(name, name))]
        await store.commit(changes)
    store.record(record(), b"log")

    await store.commit([DeleteFunction("resize")])

    loaded = await store.load()
    assert [f.name for f in loaded.functions] == ["other"]
    assert {v.function_name for v in loaded.versions} == {"other"}
    assert {a.function_name for a in loaded.aliases} == {"other"}
    assert {e.function_name for e in loaded.events} == {"other"}
    assert await store.invocations("resize") == (record(),)
    assert len(await store.log_events("resize")) == 1


async def test_resources_are_kept_replaced_and_removed(store):
    layers = [LayerVersion(name="deps", number=n, package_sha256="a" * 64, policy=None) for n in (1, 2)]
    signing = CodeSigningConfig(config_id="csc-1", publishers=("arn",))
    saved = SavedTestEvent(function_name="resize", name="big", event='{"side": 9007199254740993}')
    await store.commit([*map(PutResource, layers), PutResource(signing), PutResource(saved)])
    await store.commit([PutResource(msgspec.structs.replace(layers[0], deleted=True)), DeleteResource(layers[1].key)])

    assert (await store.load()).resources == (signing, msgspec.structs.replace(layers[0], deleted=True), saved)


async def test_a_layers_package_stays_while_a_layer_or_a_version_has_it(store, clock):
    packages = [package(f=f"x = {n}") for n in range(3)]
    for data, sha256 in packages:
        await store.put_blob(data, sha256)
    by_layer, by_version = packages[0][1], packages[1][1]
    kept = msgspec.structs.replace(version(number="1"), layers_package=by_version)
    await store.commit([PutResource(LayerVersion(name="deps", number=1, package_sha256=by_layer)), PutVersion(kept)])
    clock.advance(10_000.0)

    await store.collect_garbage()

    assert [await store.has_blob(sha256) for _, sha256 in packages] == [True, True, False]


async def test_deleting_what_is_not_there_does_nothing(store):
    await store.commit([DeleteFunction("x"), DeleteVersion("x", "1"), DeleteAlias("x", "a"), DeleteEvent("e")])
    await store.commit([])

    assert await store.load() == Contents(functions=(), versions=(), aliases=(), events=())


async def test_many_commits_at_once_all_happen(store):
    await asyncio.gather(*(store.commit([PutEvent(event(f"e{n}"))]) for n in range(100)))

    assert len((await store.load()).events) == 100


async def test_settings(store):
    assert await store.get_setting("secret") is None
    await store.put_setting("secret", "a")
    await store.put_setting("secret", "ü\n")
    assert await store.get_setting("secret") == "ü\n"


# -- records and logs --------------------------------------------------------------------------------------------------------


async def test_reads_a_record_whole_with_its_log(store):
    whole = record(
        qualifier="prod", status=Status.FAILED, environment_id="e", log_stream="s", queued_ms=1.5, cold=True, start_ms=2.0,
        init_ms=3.0, timeout_seconds=3, request_bytes=4, response_bytes=5, error_type="ValueError", error_message="boom\ud7ff",
        trace_id="Root=1", invocation_type="Event", attempt=2, sandbox="process",
    )  # fmt: skip
    store.record(whole, "START\nä→\n".encode())

    assert await store.invocation("r1") == (whole, "START\nä→\n")
    assert await store.invocation("r2") is None


async def test_a_record_without_a_log_has_an_empty_one(store):
    store.record(record(status=Status.THROTTLED))

    assert await store.invocation("r1") == (record(status=Status.THROTTLED), "")
    assert await store.log_events("resize") == ()


async def test_each_attempt_of_an_event_has_a_record_and_the_last_one_is_shown(store):
    store.record(record(attempt=1, status=Status.FAILED), b"first")
    store.record(record(attempt=2), b"second")

    assert await store.invocation("r1") == (record(attempt=2), "second")
    assert len(await store.invocations("resize")) == 2
    assert [e.text for e in await store.log_events("resize", request_id="r1")] == ["first", "second"]


async def test_bytes_that_are_not_text_are_shown_as_replaced(store):
    store.record(record(), b"a\xff\xfeb")

    assert (await store.invocation("r1"))[1] == "a��b"


async def test_half_a_surrogate_pair_does_not_lose_a_record(store):
    store.record(record(status=Status.FAILED, error_message="a\ud800b😀"), b"log")

    assert await store.invocation("r1") == (record(status=Status.FAILED, error_message="a�b😀"), "log")


@pytest.mark.parametrize("size", [4_096, 4_097, 3_000_000])
async def test_large_logs_come_back_as_they_were(store, size):
    log = random.Random(size).randbytes(size // 2).hex().encode() + b"x" * (size % 2)
    store.record(record(), log)

    assert (await store.invocation("r1"))[1] == log.decode()


async def test_invocations_are_newest_first_by_arrival(store):
    for n in (3, 1, 2):
        store.record(record(f"r{n}", arrived=float(n)))
    store.record(record("other", name="other", arrived=9.0))

    assert [r.request_id for r in await store.invocations("resize")] == ["r3", "r2", "r1"]
    assert [r.request_id for r in await store.invocations()] == ["other", "r3", "r2", "r1"]
    assert [r.request_id for r in await store.invocations("resize", limit=2)] == ["r3", "r2"]
    assert [r.request_id for r in await store.invocations("resize", before=3.0)] == ["r2", "r1"]
    assert await store.invocations("resize", limit=0) == ()
    assert await store.invocations("nothing") == ()


async def test_log_events_are_oldest_first_and_can_be_followed(store):
    for n in range(5):
        store.record(record(f"r{n}", arrived=float(n), log_stream="s"), f"log {n}".encode())
    store.record(record("x", name="other"), b"other")

    every = await store.log_events("resize")
    assert [(e.request_id, e.text, e.timestamp, e.log_stream) for e in every] == [
        (f"r{n}", f"log {n}", float(n), "s") for n in range(5)
    ]
    assert [e.sequence for e in every] == sorted({e.sequence for e in every})
    assert await store.log_events("resize", limit=2) == every[3:]
    assert await store.log_events("resize", since_sequence=every[1].sequence) == every[2:]
    assert await store.log_events("resize", since_sequence=every[1].sequence, limit=2) == every[2:4]
    assert await store.log_events("resize", since=3.0) == every[3:]
    assert await store.log_events("resize", since=1.0, limit=2) == every[1:3]
    assert await store.log_events("resize", request_id="r2") == every[2:3]
    assert await store.log_events("resize", since_sequence=every[-1].sequence) == ()


async def test_a_reader_sees_every_record_made_before_it_asked(store):
    for n in range(300):
        store.record(record(f"r{n}"), b"log")
        if n % 50 == 0:
            assert len(await store.invocations("resize", limit=1000)) == n + 1
    assert (await store.metrics("resize")).invocations == 300


async def test_metrics_are_those_of_the_definition(store):
    chance = random.Random(7)
    records = [
        record(
            f"r{n}", name=chance.choice(["resize", "other"]), version=chance.choice(["1", "$LATEST"]), arrived=float(n),
            status=chance.choice(list(Status)), cold=chance.random() < 0.2, init_ms=chance.uniform(0, 500),
            duration_ms=chance.uniform(0, 3000), billed_ms=chance.randrange(3000), memory_mib=chance.choice([128, 1769]),
            max_memory_mib=chance.randrange(128),
        )
        for n in range(500)
    ]  # fmt: skip
    for made in records:
        store.record(made)

    for name, since in (("resize", 0.0), ("resize", 250.0), ("other", 499.5), ("nothing", 0.0)):
        counted, defined = await store.metrics(name, since=since), summarise(name, records, since=since)
        assert msgspec.structs.replace(counted, gb_seconds=0.0, cost_usd=0.0) == msgspec.structs.replace(
            defined, gb_seconds=0.0, cost_usd=0.0
        )
        assert counted.gb_seconds == pytest.approx(defined.gb_seconds)
        assert counted.cost_usd == pytest.approx(defined.cost_usd)


async def test_log_streams_are_told_with_their_spans(store):
    store.record(record("r1", log_stream="s1", arrived=5.0), b"a\n")
    store.record(record("r2", log_stream="s1", arrived=9.0, log_times=((0, 0), (2, 250))), b"a\nb\n")
    store.record(record("r3", log_stream="s2", arrived=7.0, log_group="/mine"), b"c\n")
    store.record(record("r4", status=Status.THROTTLED))

    assert await store.log_streams() == (
        StreamFacts("/aws/lambda/resize", "s1", 5_000, 9_250, 6), StreamFacts("/mine", "s2", 7_000, 7_000, 2),
    )  # fmt: skip
    assert [facts.log_stream for facts in await store.log_streams("/mine")] == ["s2"]
    assert await store.log_streams("/none") == ()


async def test_log_events_are_found_by_group_stream_time_and_text(store):
    for n in range(20):
        text = f"START {n}\nline {n}\n" + "x" * 5_000 + "\n"
        store.record(record(f"r{n}", log_stream=f"s{n % 2}", arrived=float(n), log_times=((0, 0), (8, 1_500))), text.encode())
    group = "/aws/lambda/resize"

    async def lines(**query):
        return [e.message.strip() for e in (await store.find_log_events(LogQuery(log_group=group, **query))).events]

    assert len(await lines()) == 60
    assert await lines(matches=lambda text: text.startswith("line"), log_streams=("s1",)) == [
        f"line {n}" for n in range(1, 20, 2)
    ]
    assert await lines(matches=lambda text: text.startswith("START"), start_ms=3_000, end_ms=5_000) == ["START 3", "START 4"]
    assert await lines(matches=lambda text: text.startswith("line"), start_ms=3_000, end_ms=4_000) == ["line 2"]
    assert await lines(prefix="s1", limit=1) == ["START 1"]
    assert (await lines(log_streams=("s0",), backward=True, limit=2))[0] == "line 18"
    assert await lines(log_streams=("s9",)) == []
    page = await store.find_log_events(LogQuery(log_group=group, limit=1))
    assert (await lines(beyond=page.more, limit=2)) == ["START 1", "line 0"]


async def test_deleted_logs_are_gone_and_records_stay(store):
    for n in range(6):
        store.record(record(f"r{n}", log_stream=f"s{n % 2}", arrived=float(n)), b"x\n")
    group = "/aws/lambda/resize"

    async def left():
        return [e.position[0] for e in (await store.find_log_events(LogQuery(log_group=group))).events]

    await store.delete_logs("/other")
    await store.delete_logs(group, before_ms=2_000)
    assert await left() == [2_000, 3_000, 4_000, 5_000]
    await store.delete_logs(group, log_stream="s1")
    assert await left() == [2_000, 4_000]
    await store.delete_logs(group)
    assert await left() == []
    assert len(await store.invocations("resize")) == 6
    assert (await store.invocation("r5"))[1] == ""


async def test_many_logs_are_deleted_in_one_call(store):
    for n in range(1_200):
        store.record(record(f"r{n}", arrived=float(n)), b"x\n")
    await store.delete_logs("/aws/lambda/resize", before_ms=1_150_000)
    assert len((await store.find_log_events(LogQuery(log_group="/aws/lambda/resize"))).events) == 50


async def test_metrics_are_counted_from_invocations_and_points(store):
    store.record(record("r1", arrived=5.0, qualifier="live", provisioned=2, spilled=True, reserved=True))
    store.record(record("r2", "other", arrived=6.0, status=Status.THROTTLED))
    points = [
        MetricPoint(function_name="resize", metric="IteratorAge", moment=m, value=7.0, qualifier="live") for m in (5.5, 8.0)
    ]
    await store.commit([AddPoint(point) for point in points])

    facts = await store.metric_facts("resize", 5.0, 8.0)
    assert facts.points == (points[0],)
    (counted,) = facts.invocations
    told = (counted.qualifier, counted.duration_ms, counted.provisioned, counted.spilled, counted.reserved)
    assert told == ("live", 12.5, 2, True, True)
    assert [i.status for i in (await store.metric_facts(None, 0.0, 100.0)).invocations] == ["succeeded", "throttled"]
    assert await store.metric_facts("resize", 5.1, 5.2) == ((), ())


# -- packages ----------------------------------------------------------------------------------------------------------------


async def test_a_package_comes_back_as_it_was(store):
    data, sha256 = package(app="x = 1")
    assert not await store.has_blob(sha256)

    await store.put_blob(data, sha256)
    await store.put_blob(data, sha256)

    assert await store.has_blob(sha256)
    assert await store.read_blob(sha256) == data


async def test_a_package_may_arrive_in_pieces(store):
    data = random.Random(1).randbytes(3_000_000)
    sha256 = hashlib.sha256(data).hexdigest()
    upload = store.blob_upload(sha256)
    for start in range(0, len(data), 700_001):
        await upload.write(data[start : start + 700_001])
        assert not await store.has_blob(sha256)

    assert await upload.finish() == len(data)
    assert await store.read_blob(sha256) == data


async def test_an_upload_that_was_given_up_leaves_nothing(store):
    data, sha256 = package(app="x = 1")
    upload = store.blob_upload(sha256)
    await upload.write(data)
    await upload.abort()
    await upload.abort()

    assert not await store.has_blob(sha256)
    with pytest.raises(StoreError, match="upload has ended"):
        await upload.finish()


async def test_bytes_of_another_hash_are_refused(store):
    data, sha256 = package(app="x = 1")
    upload = store.blob_upload(sha256)
    await upload.write(data + b"!")

    with pytest.raises(CorruptBlob, match="another checksum"):
        await upload.finish()
    with pytest.raises(CorruptBlob, match="another checksum"):
        await store.put_blob(data + b"!", sha256)
    assert not await store.has_blob(sha256)


async def test_a_missing_package_says_what_to_do(store):
    for ask in (store.read_blob, store.extract_blob):
        with pytest.raises(CorruptBlob, match=r"it is missing\. Run the cell that made it again"):
            await ask("f" * 64)


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
async def test_a_hash_that_is_none_is_refused(store, sha256):
    for ask in (store.read_blob, store.extract_blob, store.has_blob):
        with pytest.raises(RequestError, match="64 digits"):
            await ask(sha256)
    with pytest.raises(RequestError, match="64 digits"):
        store.blob_upload(sha256)


async def test_extracts_a_package_once_into_a_folder_that_can_be_read_only(store):
    data, sha256 = package(app="x = 1", other="y = 2")
    await store.put_blob(data, sha256)

    folders = await asyncio.gather(*(store.extract_blob(sha256) for _ in range(5)))

    assert len(set(folders)) == 1
    assert sorted(p.name for p in folders[0].iterdir()) == ["app.py", "other.py"]
    assert (folders[0] / "app.py").read_text() == "x = 1"
    assert not stat.S_IMODE(folders[0].stat().st_mode) & 0o222
    assert await store.extract_blob(sha256) == folders[0]


async def test_what_is_no_zip_is_kept_but_not_extracted(store):
    data = b"not a zip"
    sha256 = hashlib.sha256(data).hexdigest()
    await store.put_blob(data, sha256)

    for _ in range(2):
        with pytest.raises(InvalidZip):
            await store.extract_blob(sha256)
    assert await store.read_blob(sha256) == data


async def test_collects_packages_that_nothing_uses_after_an_hour(store, clock):
    packages = {name: package(app=f"x = '{name}'") for name in ("latest", "numbered", "unused", "new", "asked")}
    for name in ("latest", "numbered", "unused", "asked"):
        await store.put_blob(*packages[name])
    latest = function()
    latest = msgspec.structs.replace(latest, latest=version(package_sha256=packages["latest"][1]))
    await store.commit([PutFunction(latest), PutVersion(version(number="1", package_sha256=packages["numbered"][1]))])

    assert await store.collect_garbage() == 0
    clock.advance(3_601)
    await store.put_blob(*packages["new"])
    await store.has_blob(packages["asked"][1])
    assert await store.collect_garbage() == len(packages["unused"][0])

    kept = {name for name, (_, sha256) in packages.items() if await store.has_blob(sha256)}
    assert kept == {"latest", "numbered", "new", "asked"}


# -- the end -----------------------------------------------------------------------------------------------------------------


async def test_takes_nothing_after_it_was_closed(store):
    await store.aclose()
    await store.aclose()

    with pytest.raises(StoreError, match="closed"):
        store.record(record())
    with pytest.raises(StoreError, match="closed"):
        await store.commit([PutEvent(event())])
    with pytest.raises(StoreError, match="closed"):
        await store.load()
