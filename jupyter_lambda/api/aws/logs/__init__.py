"""CloudWatch Logs: groups, streams, events, retention; what is not carried out is refused by name."""
