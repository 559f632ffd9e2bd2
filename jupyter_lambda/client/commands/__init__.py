"""The commands that `jupyter lambda …` and `%lambda …` have in common: arguments in, a view out.

Knows how a command is written and which calls of the engine API it makes; refuses to print: the command line and the notebook do.
"""
