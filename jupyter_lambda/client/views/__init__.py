"""What people are shown of functions, versions, calls and hosts: each view as text, as HTML and as JSON.

The command line prints the text, a notebook shows the HTML. Knows how things look; refuses to fetch and to decide.
"""
