"""The benchmark: `make bench`, or `python -m bench`. Measures ours and its peers in one run, on an otherwise idle machine."""
