"""What a short message is on the air: alphabets, splitting, TPDUs. Pure values in, pure values out.

Knows no modem, no clock and no storage; rooms above hand it texts, numbers and hex and get facts back.
"""
