"""An SMS gateway: GSM and LTE modems on serial ports behind an HTTP API on the LAN."""

__version__ = "0.1.0"
