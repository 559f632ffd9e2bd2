"""Which notebook a kernel belongs to."""

from jupyter_lambda.notebook.notebook_identity import may_be_same, notebook_identity


def test_vs_code_says_it_in_a_variable(tmp_path):
    assert (
        notebook_identity({"__vsc_ipynb_file__": "/n/a.ipynb"}, {"JPY_SESSION_NAME": "/n/b.ipynb"}, str(tmp_path)) == "/n/a.ipynb"
    )


def test_a_jupyter_server_says_it_in_the_environment(tmp_path):
    assert notebook_identity({}, {"JPY_SESSION_NAME": "/n/b.ipynb"}, str(tmp_path)) == "/n/b.ipynb"
    assert notebook_identity({}, {"JPY_SESSION_NAME": "b.ipynb"}, str(tmp_path)) == str(tmp_path / "b.ipynb")


def test_a_folder_that_is_named_twice_is_taken_once(tmp_path):
    (tmp_path / "b.ipynb").touch()
    said = {"JPY_SESSION_NAME": str(tmp_path / "lessons" / "b.ipynb")}
    assert notebook_identity({}, said, str(tmp_path)) == str(tmp_path / "b.ipynb")


def test_elsewhere_the_folder_stands_for_it(tmp_path):
    assert notebook_identity({}, {}, str(tmp_path)) == f"folder:{tmp_path}"
    assert notebook_identity({}, {"JPY_SESSION_NAME": "Console 1"}, str(tmp_path)) == f"folder:{tmp_path}"


def test_a_folder_fits_the_notebooks_in_it_and_no_others():
    assert may_be_same("folder:/n", "/n/a.ipynb")
    assert may_be_same("/n/a.ipynb", "folder:/n")
    assert may_be_same("/n/a.ipynb", "/n/a.ipynb")
    assert not may_be_same("/n/a.ipynb", "/n/b.ipynb")
    assert not may_be_same("folder:/n", "/n/deeper/a.ipynb")
    assert not may_be_same("folder:/n", "folder:/m")
