"""CloudWatch's metrics of the namespace AWS/Lambda, counted from the engine's own records; alarms and the rest are refused by name."""
