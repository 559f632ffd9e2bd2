"""What runs inside a sandbox: plain files for Python 3.9 and later, standard library only, importing no other room.

`entry.py` is the program. It is started with the worker's interpreter, which need not have this package installed, and becomes a
zygote (`zygote.py`), a worker (`bootstrap.py`) or a probe of this host (`probe.py`). Nothing here may start a thread, and nothing
may be imported late: once loaded, these modules leave `sys.modules`, so that no name of ours can meet one of the function's.
"""
