"""What is said about an invocation: log lines, `REPORT`, trace headers, figures, prices, and how numbers are written for people.

Arithmetic and text over values of `model`. Refuses to store, to send and to read time.
"""
