"""The same bot in a terminal: a conversation, one question for a script, or lines from a pipe."""
