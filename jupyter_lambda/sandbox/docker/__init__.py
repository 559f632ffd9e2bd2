"""The docker sandbox: one container per execution environment, on a daemon of this machine.

It refuses what it can't reach: a daemon elsewhere, which sees neither our files nor our sockets, is no place for workers.
"""
