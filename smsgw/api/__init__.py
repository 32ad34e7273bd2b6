"""The HTTP room: reads a request, makes one call to the gateway, renders the answer. Knows no storage and no modem."""
