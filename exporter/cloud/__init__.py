"""Cloud, targets and groups: plain immutable data about what should exist."""
