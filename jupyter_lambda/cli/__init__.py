"""`jupyter lambda …`: a shell's way to the engine.

Knows arguments, streams and exit statuses; refuses to reach the engine but through `client`, and to import what a command does not
need: `engine status` has to answer while a prompt is being drawn.
"""
