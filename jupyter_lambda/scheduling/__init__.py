"""Pure decisions: placement, concurrency, budget, alias routing, retries. (state, event, now) → (state, effects).

Knows no clock, no process and no store: `now` is a number, effects are values, and the engine carries them out.
"""
