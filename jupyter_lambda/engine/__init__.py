"""The loop that feeds decisions and carries out their effects: dispatcher, environments, catalog, queue, live changes.

Everything here runs on one event loop and owns its state alone, so nothing needs a lock but the catalog's writes. It decides little:
`scheduling` does. It knows no HTTP: `api` translates.
"""
