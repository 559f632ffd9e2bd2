"""What an engine keeps of its starter's environment."""

import pytest

from jupyter_lambda.client.engine_variables import engine_variables

KERNEL = {
    "PATH": "/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "LC_NUMERIC": "de_DE", "TZ": "Europe/Berlin", "XDG_RUNTIME_DIR": "/run/user/1",
    "AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "mine too", "AWS_ENDPOINT_URL_S3": "http://s3", "PIP_INDEX_URL": "http://pypi",
    "SSL_CERT_FILE": "/etc/cert", "OPENBLAS_CORETYPE": "Haswell", "JUPYTER_DATA_DIR": "/data",
}  # fmt: skip
SECRETS = {
    "JPY_API_TOKEN": "secret", "JPY_SESSION_NAME": "n.ipynb",
    "JUPYTERHUB_API_TOKEN": "secret", "JUPYTERHUB_USER": "me", "JUPYTER_TOKEN": "secret",
    "OPENAI_API_KEY": "secret", "DATABASE_URL": "secret", "PYTHONSTARTUP": "/x.py", "PYTHONHOME": "/x", "LD_PRELOAD": "/x.so",
    "AWS_LAMBDA_FUNCTION_NAME": "outer", "JPY_PARENT_PID": "1", "KERNEL_SECRET": "secret", "SSH_AUTH_SOCK": "/agent",
}  # fmt: skip


@pytest.mark.parametrize("name", KERNEL)
def test_keeps_what_an_engine_needs(name):
    assert engine_variables(KERNEL | SECRETS)[name] == KERNEL[name]


@pytest.mark.parametrize("name", SECRETS)
def test_leaves_everything_else_behind(name):
    assert name not in engine_variables(KERNEL | SECRETS)
