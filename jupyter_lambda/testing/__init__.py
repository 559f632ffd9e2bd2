"""Fakes and fixtures for tests, ours and our users': each fake passes the same contract suite as the real thing."""
