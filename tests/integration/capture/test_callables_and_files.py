"""`jl.deploy(callable)`, `@jl.lambda_function`, and handlers in files and folders."""

from __future__ import annotations

import posixpath

import pytest

from jupyter_lambda.capture import CaptureFailed, PackageOptions, capture_callable, capture_path, prove


@pytest.fixture
def deploy_callable(notebook, tmp_path):
    made = []

    def deploy(function, name="demo", **options):
        capture = capture_callable(
            function, name=name, options=PackageOptions(folder=tmp_path, **options), namespace=notebook.namespace
        )
        made.append(capture)
        return capture

    yield deploy
    for capture in made:
        capture.close()


@pytest.fixture
def deploy_path(tmp_path):
    made = []

    def deploy(path, name="demo", **options):
        capture = capture_path(path, name=name, options=PackageOptions(folder=tmp_path), **options)
        made.append(capture)
        return capture

    yield deploy
    for capture in made:
        capture.close()


def test_a_function_of_a_cell_travels_as_its_source_with_its_lines(notebook, deploy_callable, call):
    notebook.run("factor = 3")
    notebook.run("# a comment\ndef work(event, context):\n    assert event, 'no event'\n    return event['n'] * factor")
    capture = deploy_callable(notebook["work"])
    good, bad = call(capture, {"n": 2}, {})
    assert good == {"result": 6}
    assert "File \"/var/task/demo.py\", line 3, in work\n    assert event, 'no event'" in bad["trace"]
    assert capture.source == "def work(event, context):\n    assert event, 'no event'\n    return event['n'] * factor\n"
    assert capture.handler == "demo.work"


def test_our_decorator_is_stripped(notebook, deploy_callable, call):
    seen = []

    def lambda_function(**options):
        return lambda f: seen.append(f) or f

    notebook.namespace["lambda_function"] = lambda_function
    notebook.run("@lambda_function(\n    memory_mib=512,\n)\ndef work(event, context):\n    raise ValueError(event)")
    capture = deploy_callable(seen[0])
    assert "line 5, in work" in call(capture, {})["trace"]
    assert "lambda_function" not in capture.source
    assert capture.manifest["captured"] == {}


def test_another_decorator_stays_by_taking_the_value(notebook, deploy_callable, call):
    notebook.run("import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(e, c): return 2 * f(e, c)\n    return g")
    notebook.run("@twice\ndef work(event, context):\n    return event['n']")
    assert call(deploy_callable(notebook["work"]), {"n": 4}) == {"result": 8}


def test_closures_lambdas_partials_methods_and_objects(notebook, deploy_callable, call):
    notebook.run("import functools\nk = 7")
    notebook.run("def make(n):\n    def work(event, context): return n + k\n    return work")
    notebook.run("class Model:\n    def __init__(self, w): self.w = w\n    def predict(self, event, context): return self.w * k\n"
                 "    def __call__(self, event, context): return self.w")  # fmt: skip
    notebook.run("functions = [make(1), lambda e, c: k, functools.partial(lambda n, e, c: n, 3), Model(2).predict, Model(5)]")
    results = [call(deploy_callable(f), {})["result"] for f in notebook["functions"]]
    assert results == [8, 7, 3, 14, 5]


def test_equal_callables_have_equal_digests(notebook, deploy_callable):
    notebook.run("def make(n):\n    return lambda e, c: n")
    assert deploy_callable(notebook["make"](1)).content_digest == deploy_callable(notebook["make"](1)).content_digest
    assert deploy_callable(notebook["make"](1)).content_digest != deploy_callable(notebook["make"](2)).content_digest


def test_a_function_of_an_installed_module_is_imported(deploy_callable):
    capture = deploy_callable(posixpath.join)
    assert capture.handler == "posixpath.join"
    assert set(capture.entries) == {"_jupyter_lambda/manifest.json"}


@pytest.mark.parametrize(
    ("source", "headline"),
    [
        ("def f(event): pass", "`f` can't be called with an event and a context"),
        ("def f(event, context):\n    yield 1", "`f` is a generator"),
        ("class C:\n    def __call__(self): pass\nf = C()", "`C` can't be called with an event and a context"),
        ("f = 3", "`int` can't be called"),
        ("import threading\nlock = threading.Lock()\ndef f(event, context): return lock", "`lock` can't be pickled"),
    ],
)
def test_refusals(notebook, deploy_callable, source, headline):
    notebook.run(source)
    with pytest.raises(CaptureFailed) as caught:
        deploy_callable(notebook["f"])
    assert caught.value.report.problems[0].headline == headline


def test_a_file_goes_along_with_what_it_imports(tmp_path, deploy_path, call):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "jlt_app.py").write_text("import jlt_part\ndef handler(event, context):\n    return jlt_part.N + event\n")
    (tmp_path / "src" / "jlt_part.py").write_text("N = 40")
    (tmp_path / "src" / "other.py").write_text("raise RuntimeError")
    capture = deploy_path("src/jlt_app.py")
    assert call(capture, 2) == {"result": 42}
    assert capture.handler == "jlt_app.handler"
    assert set(capture.entries) == {"jlt_app.py", "jlt_part.py", "_jupyter_lambda/manifest.json"}
    prove(capture)
    (tmp_path / "src" / "jlt_part.py").write_text("N = 41")
    assert deploy_path("src/jlt_app.py").content_digest != capture.content_digest


def test_a_folder_goes_along_whole(tmp_path, deploy_path, call):
    (tmp_path / "app" / "pkg").mkdir(parents=True)
    (tmp_path / "app" / "lambda_function.py").write_text(
        "import pkg.inner\ndef lambda_handler(e, c):\n    return open('d.txt').read()\n"
    )
    (tmp_path / "app" / "pkg" / "__init__.py").write_text("")
    (tmp_path / "app" / "pkg" / "inner.py").write_text("def work(e, c):\n    return [e]\n")
    (tmp_path / "app" / "d.txt").write_text("data")
    assert call(deploy_path("app"), 1) == {"result": "data"}
    assert call(deploy_path("app", handler="pkg.inner.work"), 1) == {"result": [1]}


@pytest.mark.parametrize(
    ("files", "path", "handler", "headline"),
    [
        ({}, "nope.py", None, "there is no file `{root}/nope.py`"),
        ({"a.txt": ""}, "a.txt", None, "`a.txt` is no Python module"),
        ({"a.py": "x = 1"}, "a.py", None, "`a.py` defines no handler"),
        (
            {"a.py": "def f(e, c):"},
            "a.py",
            None,
            "IndentationError: expected an indented block after function definition on line 1",
        ),
        ({"a.py": "def f(e, c): pass"}, "a.py", "g", "`--handler g` is not defined in the cell"),
        ({"d/a.py": "", "d/b.py": ""}, "d", None, "it is not clear which module of the folder has the handler"),
        ({"d/a.py": ""}, "d", "b.f", "the folder has no module `b`"),
        ({"a.py": b"# \xff"}, "a.py", None, "`a.py` is not UTF-8"),
    ],
)
def test_refused_paths(tmp_path, deploy_path, files, path, handler, headline):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CaptureFailed) as caught:
        deploy_path(path, handler=handler)
    assert caught.value.report.problems[0].headline == headline.format(root=tmp_path)


def test_a_name_that_a_file_does_not_define_is_a_warning(tmp_path, deploy_path):
    (tmp_path / "a.py").write_text("def handler(e, c):\n    return nowhere")
    assert deploy_path("a.py").report.warnings == ("`nowhere` in line 2 is defined nowhere",)
