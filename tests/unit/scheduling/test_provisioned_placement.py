"""Provisioned environments are started ahead, and kept however long they idle (scheduling/placement.py)."""

from __future__ import annotations

from jupyter_lambda.scheduling.placement import (
    Idle,
    Pool,
    Retire,
    Start,
    on_arrival,
    on_closed,
    on_expiry,
    on_gone,
    on_provision,
    on_started,
)

IDLE = (Idle("a", 0.0), Idle("b", 1.0), Idle("c", 2.0))


def test_what_is_missing_is_started_once() -> None:
    pool, effects = on_provision(Pool(idle=IDLE[:1], starting=1), 4)
    assert (pool.starting, list(effects)) == (3, [Start(), Start()])
    assert on_provision(pool, 4)[1] == ()


def test_so_many_outlive_the_idle_limit() -> None:
    pool, effects = on_expiry(Pool(idle=IDLE, provisioned=2), 1_000.0, 300.0)
    assert [e.environment_id for e in pool.idle] == ["b", "c"]
    assert [e.environment_id for e in effects if isinstance(e, Retire)] == ["a"]


def test_busy_ones_count() -> None:
    pool = Pool(idle=IDLE, busy={"d": "i"}, provisioned=2)
    assert pool.spare == 2


def test_none_is_kept_once_nothing_is_wanted() -> None:
    pool, _ = on_provision(Pool(idle=IDLE, provisioned=2), 0)
    assert on_expiry(pool, 1_000.0, 300.0)[0].idle == ()


def test_one_that_died_is_replaced_and_one_that_can_not_start_is_not() -> None:
    pool, effects = on_gone(Pool(idle=IDLE, provisioned=3), "a")
    assert (pool.starting, list(effects)) == (1, [Start()])
    pool, effects = on_gone(pool, None)
    assert (pool.starting, list(effects)) == (0, [])


def test_more_calls_than_provisioned_start_more() -> None:
    pool, _ = on_provision(Pool(), 1)
    pool, _ = on_started(pool, "a", 0.0)
    pool, _ = on_arrival(pool, "i1")
    _, effects = on_arrival(pool, "i2")
    assert list(effects) == [Start()]


def test_a_replaced_revision_keeps_nothing() -> None:
    pool, effects = on_closed(Pool(idle=IDLE, provisioned=2), "replaced")
    assert (pool.provisioned, len(effects)) == (0, 3)
    assert on_provision(pool, 2) == (pool, ())
