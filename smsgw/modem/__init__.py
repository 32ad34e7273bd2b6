"""Modems as devices: ports, one AT dialogue at a time, vendors' differences, verbs in terms of messages.

Knows nothing of queues, databases or what a message is for.
"""
