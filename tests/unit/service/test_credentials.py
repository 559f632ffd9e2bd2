"""The home's access key is made once; the token with every start."""

import re

import pytest

from jupyter_lambda.service.credentials import fresh_token, home_credentials

pytestmark = pytest.mark.anyio


class Kept:
    def __init__(self):
        self.values = {}

    async def get_setting(self, name):
        return self.values.get(name)

    async def put_setting(self, name, value):
        self.values[name] = value


async def test_are_the_same_at_every_start():
    store = Kept()

    assert await home_credentials(store) == await home_credentials(store)


async def test_have_amazons_lengths_and_are_shown_by_no_repr():
    made = await home_credentials(Kept())

    assert re.fullmatch(r"JLAMBDA[A-Z2-7]{13}", made.access_key_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", made.secret_access_key)
    assert made.secret_access_key not in repr(made)
    assert made != await home_credentials(Kept())


async def test_a_half_kept_pair_is_made_anew():
    store = Kept()
    first = await home_credentials(store)
    del store.values["credentials.secret_access_key"]

    assert await home_credentials(store) != first


def test_tokens_are_long_and_never_the_same():
    tokens = {fresh_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
