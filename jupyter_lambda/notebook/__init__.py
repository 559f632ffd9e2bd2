"""The notebook's side: `%%lambda` and `%lambda`, their help, completion and what they show.

Knows IPython and how things read in a cell's output; refuses to decide what is valid (`model`), what is captured (`capture`) and how
the engine is reached (`client`). Works without a front end: each output has text and self-contained HTML.
"""
