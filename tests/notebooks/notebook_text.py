"""Notebooks made of a few cells, and what their cells said."""

import nbformat


def notebook_of(*sources):
    """A notebook of these code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return notebook


def text_of(cell):
    """Everything that a cell put out, as text."""
    parts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)
