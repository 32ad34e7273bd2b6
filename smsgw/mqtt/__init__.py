"""Tells an MQTT broker what happens and does what it brings; only imported where a broker is configured.

Knows the gateway's use-cases, the API's way to take in a message, and MQTT 3.1.1; knows nothing of modems' lines.
"""
