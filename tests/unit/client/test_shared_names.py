"""A public name and a room may be called the same: the public name wins, whoever imports what first."""

from __future__ import annotations

import subprocess
import sys

import pytest

ORDERS = [
    "import jupyter_lambda; import jupyter_lambda.engine.settings",
    "import jupyter_lambda.engine.settings; import jupyter_lambda",
    "import jupyter_lambda; jupyter_lambda.engine; import jupyter_lambda.engine.settings",
    "from jupyter_lambda.engine import settings; import jupyter_lambda",
]


@pytest.mark.parametrize("order", ORDERS)
def test_the_public_name_wins(order):
    checked = f"{order}; assert callable(jupyter_lambda.engine), jupyter_lambda.engine"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
