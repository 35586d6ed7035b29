"""Payloads and answers are sealed with their wave's key, which another key wraps and a purge destroys."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from kraken_import.domain.orders import Order
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import rights
from kraken_import.tracking.evidence import Answer, Key, add_answers, unpack_payload
from kraken_import.tracking.vault import UnableToUseKeys, attach, key_of, vault_of
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.keys import keys_in_words, rotate_keys
from kraken_import.usecases.purge import purge_wave
from kraken_import.usecases.story import story_of
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import finished_wave
from tests.wave_keys import FIRST, SECOND, THIRD, Keys

ONE, OTHER = "GB-000000001", "GB-000000002"
OWN_WAVE = """
    INSERT INTO migration.wave OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(wave, '{"id": 0, "name": "own", "run_id": "own"}')).* FROM migration.wave
"""


def change(journey: Journey, statement: str, **values: Any) -> None:
    with journey.tracking_superuser.begin() as connection:
        assert connection.exec_driver_sql(statement, values).rowcount


def rotate(journey: Journey) -> str:
    """Wrap the keys anew with the rights of the owner, and by the wrapping keys of the journey."""
    as_owner = {"options": f"-c role={rights.OWNER}"}
    engine = create_engine(journey.tracking_superuser.url, poolclass=NullPool, connect_args=as_owner)
    attach(engine=engine, source=journey.keys)
    return rotate_keys(tracking=engine, now=datetime.now(UTC))


@contextmanager
def another_process(journey: Journey, *, text: str = FIRST) -> Iterator[Journey]:
    """The same wave for a process that has unwrapped nothing yet, and knows these wrapping keys."""
    engine = create_engine(journey.tracking.url, poolclass=NullPool)
    keys = Keys(text=text)
    yield replace(journey, tracking=attach(engine=engine, source=keys), keys=keys)
    engine.dispose()


def digests_of(journey: Journey, wave_id: int) -> set[bytes]:
    rows = journey.rows("SELECT digest FROM migration.shared_value WHERE wave_id = :id", id=wave_id)
    return {bytes(row["digest"]) for row in rows}


def stopped(journey: Journey, step: str, wave_id: int) -> str:
    """What a step refuses, having sent nothing and failed no record."""
    before = journey.states(wave_id), journey.seen("validate"), journey.seen("create")
    with pytest.raises(SystemicFault) as fault:
        getattr(journey, step)(wave_id)
    assert fault.value.code is StopCode.SEALED
    assert (journey.states(wave_id), journey.seen("validate"), journey.seen("create")) == before
    return fault.value.reason


def test_what_is_sent_and_answered_lies_in_the_database_sealed(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET billing_name = 'Markedvalue'")
    wave_id = finished_wave(journey, ONE)
    bodies = [row["body"] for row in journey.rows("SELECT body FROM migration.payload")]
    bodies += [row["body"] for row in journey.rows("SELECT body FROM migration.answer")]
    assert len(bodies) >= 4
    assert {bytes(body)[:1] for body in bodies} == {b"\x01"}
    for body in bodies:
        assert b"Markedvalue" not in bytes(body)
        with pytest.raises(zlib.error):
            zlib.decompress(bytes(body)[13:])
    (secret,) = journey.rows("SELECT secret, wrapped_by FROM migration.wave_key")
    with another_process(journey) as reader:
        ((_, sent, answered),) = story_of(tracking=reader.tracking, identifier=ONE, with_personal_data=True)
        assert b"Markedvalue" in sent[0].body
        assert all(each.body for each in answered)
        assert reader.keys.reads == 1
        with reader.tracking.connect() as connection:
            key = key_of(connection=connection, wave_id=wave_id)
    assert key.digest_key not in bytes(secret["secret"])
    assert "Markedvalue" not in repr(key)
    assert repr(key.digest_key) not in repr(key)


def test_a_value_has_another_digest_in_another_wave_and_none_without_the_key(journey: Journey) -> None:
    waves = [journey.plan(identifiers=(ONE,), dry_run=dry_run).wave_id for dry_run in (True, False)]
    for wave_id in waves:
        journey.build(wave_id)
    digests = [digests_of(journey, wave_id) for wave_id in waves]
    assert len(digests[0]) == len(digests[1]) > 0
    assert not digests[0] & digests[1]
    change(journey, "DELETE FROM migration.wave_key WHERE wave_id = %(id)s", id=waves[1])
    with another_process(journey) as other:
        other.build(waves[1])
    assert not digests[1] & digests_of(journey, waves[1])


def test_payloads_that_were_swapped_or_replaced_stop_the_wave_before_anything_is_sent(
    journey: Journey,
) -> None:
    wave_id = journey.plan(identifiers=(ONE, OTHER)).wave_id
    journey.build(wave_id)
    swap = (
        "UPDATE migration.payload SET body = other.body FROM migration.payload AS other "
        "WHERE other.import_process_id <> payload.import_process_id"
    )
    change(journey, swap)
    said = stopped(journey, "validate", wave_id)
    assert f"in wave {wave_id} is not what was sealed there: find out who can write" in said
    (wave,) = journey.rows("SELECT stop_code, stop_reason FROM migration.wave")
    assert wave == {"stop_code": "sealed", "stop_reason": said}
    assert ONE not in said

    change(journey, swap)
    change(journey, "UPDATE migration.wave SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL")
    journey.validate(wave_id)
    with journey.tracking.connect() as connection:
        plain = replace(key_of(connection=connection, wave_id=wave_id), cipher=None)
    for body in (plain.seal(body=b"\x78\x01", place=b""), b"", b"\x01", b"\x02" * 40):
        change(journey, "UPDATE migration.payload SET body = %(body)s", body=body)
        assert "is not what was sealed there" in stopped(journey, "create", wave_id)
        change(journey, "UPDATE migration.wave SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL")
    # Built again, they are sealed again.
    journey.build(wave_id)
    journey.validate(wave_id)
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 2}
    assert set(journey.created().values()) == {1}


def test_who_has_no_wrapping_key_gets_no_payload_past_the_seal(journey: Journey) -> None:
    wave_id = journey.plan(identifiers=(ONE,)).wave_id
    (key,) = journey.rows("SELECT secret, wrapped_by FROM migration.wave_key")
    refused = {
        "UPDATE migration.wave_key SET wrapped_by = NULL, wrapped_at = NULL": "permission denied",
        "DELETE FROM migration.wave_key": "permission denied",
        "UPDATE migration.wave_key SET secret = 'own', wrapped_by = 'own'": "permission denied",
        "LOCK TABLE migration.wave_key IN SHARE ROW EXCLUSIVE MODE": "permission denied",
        "INSERT INTO migration.wave_key (wave_id, secret, made_at)"
        f" VALUES ({wave_id}, 'own', now())": "is planned already",
        "INSERT INTO migration.wave_key (wave_id, secret, made_at)"
        " VALUES (0, 'own', now())": "must have a wrapped key, since waves are sealed here",
        f"{OWN_WAVE}; SELECT migration.add_partitions(0)": "wave 0 has no key, and waves are sealed here",
    }
    for statement, told in refused.items():
        with pytest.raises(DBAPIError, match=told), journey.tracking.begin() as connection:
            connection.exec_driver_sql(statement)
    with pytest.raises(UnableToUseKeys, match="is for the owner of the tracking database alone: name"):
        rotate_keys(tracking=journey.tracking, now=datetime.now(UTC))
    assert journey.rows("SELECT secret, wrapped_by FROM migration.wave_key") == [key]


def test_the_wrapping_key_is_changed_while_a_wave_runs(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=3)
    journey.plan(limit=1)
    journey.keys.text = f"{SECOND}, {FIRST}"
    assert rotate(journey).startswith("The keys of 2 waves are wrapped by key ")
    assert rotate(journey).startswith("The keys of 0 waves are wrapped by key ")

    with another_process(journey) as late:
        said = stopped(late, "create", wave_id)
        assert said.startswith(f"The key of wave {wave_id} is wrapped by key ")
        assert said.endswith(
            "Connection 'wave_keys' must have every key that is in use, the one to wrap with first."
        )
        # A task that a worker begins after the Connection was corrected.
        late.keys.text = SECOND
        late.finish(wave_id)
    # One that has begun before goes on with what it has unwrapped.
    journey.keys.text = FIRST
    assert journey.poll(wave_id)["open"] == 0
    assert journey.states(wave_id) == {"processed": 3}


def test_a_rotation_waits_for_the_key_of_a_plan_that_is_under_way(journey: Journey) -> None:
    wave_id = journey.plan(identifiers=(ONE,)).wave_id
    change(journey, "DELETE FROM migration.wave_key")
    # The tables of a wave are made after its key.
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "DROP TABLE migration.payload_wave_%(id)s, migration.answer_wave_%(id)s", {"id": wave_id}
        )
    with another_process(journey, text=f"{SECOND},{FIRST}") as other, ThreadPoolExecutor() as pool:
        with journey.tracking.begin() as plan:
            vault_of(connection=plan).make(connection=plan, wave_id=wave_id, at=datetime.now(UTC))
            rotation = pool.submit(rotate, other)
            with pytest.raises(TimeoutError):
                rotation.result(timeout=1)
        assert rotation.result(timeout=10).startswith("The key of 1 wave is wrapped by key ")
        assert rotate(other).startswith("The keys of 0 waves are wrapped by key ")


def test_a_process_that_outlives_a_restore_takes_no_key_of_another_wave_with_the_same_number(
    journey: Journey,
) -> None:
    wave_id = journey.valid_wave(limit=1)
    # Restored to before the plan; the next plan, on another machine, gets the same number.
    wrapping = journey.keys.read()
    assert wrapping is not None
    change(
        journey,
        "UPDATE migration.wave_key SET secret = %(secret)s, made_at = made_at + interval '1 hour'",
        secret=wrapping.wrap(secret=b"another wave's, in 32 bytes only", context=b"wave/%d" % wave_id),
    )
    change(journey, "DELETE FROM migration.payload")
    change(journey, "DELETE FROM migration.answer")
    with another_process(journey) as other:
        other.build(wave_id)
        other.validate(wave_id)
        other.create(wave_id)
    # A triggerer that was not restarted.
    assert journey.poll(wave_id)["open"] == 0
    with another_process(journey) as reader:
        ((_, _, answered),) = story_of(tracking=reader.tracking, identifier=ONE, with_personal_data=True)
        assert all(each.body for each in answered)


def test_each_way_in_which_a_key_does_not_open_is_one_sentence(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=1)
    for text, told in (
        ("", f"The key of wave {wave_id} is wrapped by key "),
        (SECOND, "which is not among them: Connection 'wave_keys' must have every key"),
        ("c2hvcnQ=", "Key 1 of Connection 'wave_keys' is not 32 bytes in base64: make one with"),
        (f"{FIRST} not-base64!", "Key 2 of Connection 'wave_keys' is not 32 bytes in base64"),
    ):
        with another_process(journey, text=text) as other:
            for step in ("validate", "create"):
                said = stopped(other, step, wave_id)
                assert told in said
                assert FIRST not in said
            with pytest.raises(UnableToUseKeys):
                other.build(wave_id)
    # What another wave's key was wrapped for is none of this wave's.
    journey.plan(limit=1)
    change(
        journey,
        "UPDATE migration.wave_key SET secret = other.secret FROM migration.wave_key AS other "
        "WHERE other.wave_id <> wave_key.wave_id",
    )
    with another_process(journey) as other:
        assert f"The key of wave {wave_id} was changed since key " in stopped(other, "create", wave_id)
        with pytest.raises(UnableToUseKeys, match="was changed since key"):
            rotate(replace(other, keys=other.keys))
    assert journey.created() == {}


@pytest.mark.parametrize("of_wave", [True, False])
def test_what_is_open_at_kraken_is_not_asked_about_until_its_answers_can_be_kept(
    journey: Journey, of_wave: bool
) -> None:
    wave_id = journey.valid_wave(limit=1)
    journey.create(wave_id)
    asked = journey.seen("status")
    with another_process(journey, text="") as other:
        with pytest.raises(SystemicFault, match=f"The key of wave {wave_id} is wrapped by key "):
            other.poll(wave_id if of_wave else None)
        assert journey.seen("status") == asked
        other.keys.text = FIRST
        assert other.poll(wave_id)["open"] == 0
    assert journey.states(wave_id) == {"processed": 1}


def test_a_wave_from_before_stays_readable_and_goes_on_as_it_began(journey: Journey) -> None:
    journey.keys.text = ""
    wave_id = journey.valid_wave(limit=1)
    assert journey.rows("SELECT wrapped_by FROM migration.wave_key") == [{"wrapped_by": None}]
    with journey.tracking.connect() as connection:
        is_configured, said = keys_in_words(connection=connection)
    assert not is_configured
    assert said.startswith(
        "No wrapping key is configured, so payloads and answers of new waves are compressed"
    )

    journey.keys.text = FIRST
    journey.plan(limit=1)
    assert "; 1 wave planned without one goes on unsealed: earlier" in rotate(journey)
    journey.finish(wave_id)
    # As an earlier version has planned it.
    change(journey, "DELETE FROM migration.wave_key WHERE wave_id = %(id)s", id=wave_id)
    with another_process(journey, text="") as other:
        assert other.payloads(wave_id).keys() == journey.payloads(wave_id).keys()
        other.build(wave_id)
        # A plan does not fall back to what is not sealed because a Connection is missing.
        with pytest.raises(UnableToUseKeys, match="is wrapped, so waves are sealed here, and Connection"):
            other.plan(limit=1)
    with another_process(journey, text=f"{THIRD},{FIRST}") as other, other.tracking.connect() as connection:
        assert keys_in_words(connection=connection) == (
            True,
            "opens the keys of 1 wave; new waves are sealed",
        )


def test_a_purge_destroys_the_key_so_that_a_copy_opens_no_more(journey: Journey) -> None:
    wave_id = finished_wave(journey, ONE, name="pilot")
    (copy,) = journey.rows("SELECT import_process_id, attempt, body FROM migration.payload")
    purge_wave(
        tracking=journey.tracking, wave="pilot", order=Order(by="ann", reason=None, at=datetime.now(UTC))
    )
    (kept,) = journey.rows("SELECT secret, destroyed_at IS NOT NULL AS gone FROM migration.wave_key")
    assert kept == {"secret": None, "gone": True}
    assert rotate(journey).startswith("The keys of 0 waves ")
    with another_process(journey) as other, other.tracking.connect() as connection:
        key = key_of(connection=connection, wave_id=wave_id)
        with pytest.raises(
            UnableToUseKeys, match=r"was destroyed with its purge on 20\d\d-\d\d-\d\d, so its"
        ):
            unpack_payload(
                key=key,
                process_id=copy["import_process_id"],
                attempt=copy["attempt"],
                body=copy["body"],
            )
    assert story_of(tracking=journey.tracking, identifier=ONE, with_personal_data=True)[0][1] == []


def test_a_process_that_has_the_key_of_a_purged_wave_at_hand_keeps_nothing_with_it(journey: Journey) -> None:
    wave_id = finished_wave(journey, ONE, name="pilot")
    (row,) = journey.rows("SELECT id, wave_id, attempt FROM migration.import_process")
    with another_process(journey) as late:
        with late.tracking.connect() as connection:
            key_of(connection=connection, wave_id=wave_id)
        purge_wave(
            tracking=journey.tracking, wave="pilot", order=Order(by="ann", reason=None, at=datetime.now(UTC))
        )
        with late.tracking.begin() as connection:
            answer = Answer(http_status=200, body=b'{"status": "PROCESSED"}')
            now = datetime.now(UTC)
            add_answers(connection=connection, answers=[(Key(**row), answer)], stage="status", at=now)
    assert journey.rows("SELECT FROM migration.answer") == []


def test_the_creates_of_a_batch_read_its_key_once(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=5)
    read = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "FROM migration.wave_key WHERE wave_id" in statement:
            read.append(statement)

    with another_process(journey) as other:
        event.listen(other.tracking, "before_cursor_execute", note)
        other.create(wave_id)
    assert len(read) == 1
    assert set(journey.created().values()) == {1}
