"""HTTP in front of the engine: invoke, batches, the Runtime API, the engine API.

Translates, checks who may, and refuses to decide. Two kinds of door stand behind one address: the hot ones (invoke, batch) are our
own protocols on httptools, everything else is starlette on uvicorn; `front_door` looks at each request's first line and hands the
connection to the one that it is for.
"""
