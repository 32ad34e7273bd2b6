"""The AT dialogue as pure values: commands, the line engine, typed answers, error tables (3GPP TS 27.005, 27.007).

Knows bytes and lines only; neither ports nor time nor what a message is for.
"""
