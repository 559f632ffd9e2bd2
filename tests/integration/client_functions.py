"""Handlers that test_client deploys; in a file of their own, so that what travels is small."""

from __future__ import annotations


def mirror(event, context):
    return event


def picky(event, context):
    print("looking at", event)
    if event % 5 == 4:
        raise ValueError(f"bad {event}")
    return event * 2


def endless(event, context):
    import socket

    print("endless")
    if event:
        socket.create_connection(("127.0.0.1", event["port"])).close()
    while True:
        pass
