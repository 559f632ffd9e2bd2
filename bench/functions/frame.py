"""A function that needs numpy and pandas when it is loaded."""

import numpy
import pandas


def handler(event, context):
    return float(pandas.Series(numpy.arange(event["n"])).sum())
