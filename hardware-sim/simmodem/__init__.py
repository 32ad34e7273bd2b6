"""Virtual GSM modems on ptys over a simulated SMS centre; shares no code with the gateway it tests."""
