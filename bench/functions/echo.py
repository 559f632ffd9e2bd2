"""The trivial function: what is left is the way to it and back."""


def handler(event, context):
    return event
