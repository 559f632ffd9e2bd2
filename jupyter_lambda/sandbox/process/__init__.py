"""Execution environments as processes of this machine, forked from a warm zygote, behind the best walls the host has.

`sandbox.open_process_sandbox` is the way in. What runs on the other side of the fork is in `jupyter_lambda/runtime`.
"""
