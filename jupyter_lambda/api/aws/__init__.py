"""AWS's Lambda API: signatures, requests by the service model, operations, answers, errors.

`lambda_api` is the door; `operations` says which function carries out which operation. Everything that a request can hold comes from
`lambda_model.json` and the others beside it (made by tools/service_models.py), so that no operation parses by hand.
"""
