"""From a `%%lambda` cell to a deployed function.

    parse the line ─▶ capture the cell ─▶ install requirements ─▶ prove the package ─▶ deploy ─▶ what to show
                 └──▶ find or start the engine (a thread) ────────────────────────────┘

The engine takes half a second to start and capture about as long to import what it needs: side by side they cost the longer of the
two. Nothing reaches the engine before the package was proved.
"""

from __future__ import annotations
