"""AWS's services that speak one document a call, at one path: CloudWatch Logs (JSON) and CloudWatch (JSON, CBOR, query and XML).

`door` is the application; `wire_formats` reads requests and writes answers; what is called stands in `api.aws.logs` and
`api.aws.cloudwatch`.
"""
